import csv
import gzip
import hashlib

import pytest
from file_server import served

from molvae.dataset.chembl import ChemblSource, fetch_chembl, part_of
from molvae.errors import FileError

ROWS = [
    ("CHEMBL1", "CC(=O)Oc1ccccc1C(=O)O"),
    ("CHEMBL2", "OC(=O)c1ccccc1OC(C)=O"),  # the same molecule
    ("CHEMBL3", "CCO"),  # too small
    ("CHEMBL4", "CC(=O)[O-].[Na+]"),  # too small without its salt
    ("CHEMBL5", "C[C@H](N)c1ccccc1.Cl"),
    ("CHEMBL6", "[13CH3]c1ccccc1O"),  # isotope
    ("CHEMBL7", "C" * 61),  # too large
    ("CHEMBL8", "not a molecule"),
    ("CHEMBL9", "C[N+](C)(C)CCOC(C)=O"),
]
KEPT = {
    "CHEMBL1": "CC(=O)Oc1ccccc1C(=O)O",
    "CHEMBL5": "C[C@H](N)c1ccccc1",
    "CHEMBL9": "CC(=O)OCC[N+](C)(C)C",
}
NAME = "chembl_35_chemreps.txt.gz"


def packed(rows=ROWS, header="chembl_id\tcanonical_smiles\tstandard_inchi\tstandard_inchi_key"):
    lines = [header, *("\t".join((*row, "InChI=1S/x", "KEY")) for row in rows)]
    return gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)


def read(files):
    rows = []
    for path in files.values():
        with path.open(newline="") as stream:
            rows += [(row["chembl_id"], row["smiles"]) for row in csv.DictReader(stream)]
    return dict(rows)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(packed())
    return path


def release(server):
    return ChemblSource(35, server.url("releases"))


def files_of(content, algorithm=hashlib.sha256, name=NAME):
    folder = "releases/chembl_35"
    checksums = f"{'0' * 64}  chembl_35.fa.gz\n{algorithm(content).hexdigest()}  {name}\n"
    return {f"{folder}/checksums.txt": checksums.encode(), f"{folder}/{NAME}": content}


def test_molecules_are_cleaned_and_kept_once(tmp_path, table):
    files = fetch_chembl(tmp_path / "out", table, workers=1)
    assert set(files) == {"train", "valid", "test"}
    assert read(files) == KEPT


def test_each_molecule_stands_in_the_part_of_its_hash(tmp_path):
    rows = [(f"CHEMBL{n}", "C" * n + "c1ccccc1") for n in range(1, 54)]
    path = tmp_path / NAME
    path.write_bytes(packed(rows))
    files = fetch_chembl(tmp_path / "out", path, workers=1)
    for part, file in files.items():
        assert {part_of(smiles) for smiles in read({part: file}).values()} <= {part}
    assert len(read(files)) == 53


def test_about_one_in_a_hundred_is_held_out_in_each_part():
    parts = [part_of("C" * n) for n in range(1, 20_001)]
    # 200 expected, three standard deviations of the binomial distribution.
    assert abs(parts.count("test") - 200) < 43
    assert abs(parts.count("valid") - 200) < 43


@pytest.mark.parametrize("algorithm", [hashlib.sha256, hashlib.md5])
def test_a_broken_download_is_continued_and_verified(tmp_path, algorithm):
    content = packed()
    with served(files_of(content, algorithm), 10_000, 20) as server:
        files = fetch_chembl(tmp_path / "out", source=release(server), workers=1)
    assert server.ranges == [None, None, "bytes=20-"]
    assert read(files) == KEPT
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "test.csv", "train.csv", "valid.csv",
    ]  # fmt: skip


def test_another_file_is_refused(tmp_path):
    served_files = files_of(packed())
    served_files[f"releases/chembl_35/{NAME}"] = packed(ROWS[:2])
    with served(served_files) as server, pytest.raises(FileError, match="SHA-256"):
        fetch_chembl(tmp_path / "out", source=release(server), workers=1)


def test_a_release_without_a_checksum_is_refused(tmp_path):
    served_files = files_of(packed(), name="something.else")
    with served(served_files) as server, pytest.raises(FileError, match="does not name"):
        fetch_chembl(tmp_path / "out", source=release(server), workers=1)


def test_an_address_that_does_not_answer_is_named(tmp_path):
    with pytest.raises(FileError, match=r"checksums\.txt"):
        fetch_chembl(tmp_path / "out", source=ChemblSource(35, "http://127.0.0.1:9"), workers=1)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", packed()[:40], packed(header="a\tb\tc\td"), gzip.compress(b"\xff\xff", mtime=0)],
    ids=["no gzip", "cut short", "other columns", "no text"],
)
def test_a_damaged_table_is_refused_and_leaves_nothing(tmp_path, content):
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(FileError):
        fetch_chembl(tmp_path / "out", path, workers=1)
    assert not list((tmp_path / "out").iterdir())


def test_files_that_exist_are_kept(tmp_path, table):
    files = fetch_chembl(tmp_path / "out", table, workers=1)
    table.unlink()
    assert fetch_chembl(tmp_path / "out", table, workers=1) == files
