import hashlib
import io
import re
import tarfile
from dataclasses import replace

import pytest
from file_server import served

from molvae.dataset.download import SourceFile
from molvae.dataset.zinc import ZINC250K, ZincSource, fetch_zinc250k
from molvae.errors import FileError

EVERYTHING = ["OCC", "CCS", "C1=CC=CC=C1", "N#CC", "C[C@@H](O)F", "C[C@H](O)F"]
VALID = ["CCO", "O[C@H](C)F"]
TEST = ["c1ccccc1"]
# By hand: OCC is CCO, C1=CC=CC=C1 is c1ccccc1, and of the last two the first is O[C@H](C)F.
TABLES = {
    "train": b"smiles\nCCS\nN#CC\nC[C@H](O)F\n",
    "valid": b"smiles\nCCO\nO[C@H](C)F\n",
    "test": b"smiles\nc1ccccc1\n",
}
NOWHERE = "http://127.0.0.1:9/"


def archive(text):
    """As the real one: a tar archive, for all that it is called .txt.gz."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        member = tarfile.TarInfo("zinc.txt")
        member.size = len(text)
        packed.addfile(member, io.BytesIO(text))
    return stream.getvalue()


def lines(texts):
    return "".join(f"{text}\n" for text in texts).encode()


FILES = {
    "zinc.txt.gz": archive(lines(EVERYTHING)),
    "valid.txt": lines(VALID),
    "test.txt": lines(TEST),
}


def checksum(content):
    return hashlib.sha256(content).hexdigest()


def source(files=FILES, tables=TABLES, url=lambda name: NOWHERE + name):
    parts = [SourceFile(name, url(name), checksum(content)) for name, content in files.items()]
    return ZincSource(*parts, {name: checksum(table) for name, table in tables.items()})


def folder_of(path, files=FILES):
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path / "source")


def check(files, out):
    assert files == {name: out / f"{name}.csv" for name in TABLES}
    assert {name: file.read_bytes() for name, file in files.items()} == TABLES
    assert sorted(path.name for path in out.iterdir()) == ["test.csv", "train.csv", "valid.csv"]


def test_train_is_what_the_others_do_not_hold_however_it_is_spelled(tmp_path, folder, capfd):
    check(
        fetch_zinc250k(tmp_path / "a" / "b", folder, source(), progress=True), tmp_path / "a" / "b"
    )
    assert "train: 100%" in capfd.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_no_bar_is_shown_unless_asked_for(tmp_path, folder, capfd):
    fetch_zinc250k(tmp_path / "out", folder, source())
    assert capfd.readouterr().err == ""


def test_two_processes_split_as_one_does(tmp_path):
    # Amines with chains of m and n carbons, of which (m, n) and (n, m) are one.
    amines = {(m, n): "C" * m + "N" + "C" * n for m in range(1, 47) for n in range(46)}
    train = [text for chains, text in amines.items() if set(chains) not in ({2, 3}, {4})]
    lists = (amines.values(), [amines[2, 3]], [amines[4, 4]])
    texts = dict(zip(FILES, map(lines, lists), strict=True))
    files = texts | {"zinc.txt.gz": archive(texts["zinc.txt.gz"])}
    rows = {"train": train, "valid": [amines[2, 3]], "test": [amines[4, 4]]}
    tables = {name: b"smiles\n" + lines(texts) for name, texts in rows.items()}
    assert len(amines) - len(train) == 3
    found = fetch_zinc250k(
        tmp_path, folder_of(tmp_path / "source", files), source(files, tables), workers=2
    )
    assert {name: file.read_bytes() for name, file in found.items()} == tables


def test_the_source_files_are_downloaded_and_leave_nothing_behind(tmp_path):
    with served(FILES, 20) as server:
        check(fetch_zinc250k(tmp_path, source=source(url=server.url)), tmp_path)
    assert server.ranges == [None, "bytes=20-", None, None]


def test_tables_that_are_there_are_kept(tmp_path, folder):
    out = tmp_path / "out"
    fetch_zinc250k(out, folder, source())
    times = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    check(fetch_zinc250k(out, source=source()), out)
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == times


def test_a_table_that_is_missing_is_made_and_the_others_are_kept(tmp_path, folder, capfd):
    out = tmp_path / "out"
    made = fetch_zinc250k(out, folder, source())
    time = made["train"].stat().st_mtime_ns
    made["valid"].unlink()
    check(fetch_zinc250k(out, folder, source(), progress=True), out)
    assert made["train"].stat().st_mtime_ns == time
    # Only train needs molecules to be compared.
    assert capfd.readouterr().err == ""


def test_somebody_elses_file_of_that_name_is_not_touched(tmp_path, folder):
    out = tmp_path / "out"
    out.mkdir()
    (out / "test.csv").write_text("mine")
    with pytest.raises(FileError, match="not that of ZINC250k; choose another folder"):
        fetch_zinc250k(out, folder, source())
    assert [path.read_text() for path in out.iterdir()] == ["mine"]


def test_all_that_a_folder_lacks_is_named_with_where_to_get_it(tmp_path, folder):
    (folder / "zinc.txt.gz").unlink()
    (folder / "test.txt").unlink()
    with pytest.raises(
        FileError, match=r"lacks zinc.txt.gz, test.txt; .*/zinc.txt.gz, .*/test.txt"
    ):
        fetch_zinc250k(tmp_path / "out", folder, source())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", FILES)
def test_another_source_file_is_refused_and_nothing_is_made(tmp_path, folder, name):
    (folder / name).write_bytes(FILES[name] + b"\n")
    with pytest.raises(FileError, match=f"is not {name}: its SHA-256 is"):
        fetch_zinc250k(tmp_path / "out", folder, source())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", TABLES)
def test_when_one_table_comes_out_otherwise_none_is_written(tmp_path, folder, name):
    wrong = replace(source(), tables=source().tables | {name: "0" * 64})
    with pytest.raises(FileError, match=f"{name}.csv differs from the table"):
        fetch_zinc250k(tmp_path / "out", folder, wrong)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_address_that_fails_is_told_in_one_line_and_what_came_is_kept(tmp_path):
    with (
        served({"zinc.txt.gz": FILES["zinc.txt.gz"]}) as server,
        pytest.raises(FileError, match="pass its folder as `source`, or try again") as caught,
    ):
        fetch_zinc250k(tmp_path, source=source(url=server.url))
    assert "could not fetch valid.txt (http" in str(caught.value)
    assert "404" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["zinc.txt.gz.part"]


def test_a_place_that_cannot_be_written_to_is_told(tmp_path, folder):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="choose another place"):
        fetch_zinc250k(tmp_path / "file", folder, source())


def test_the_addresses_name_fixed_commits_and_the_checksums_are_whole():
    assert list(ZINC250K.tables) == ["train", "valid", "test"]
    assert [file.name for file in ZINC250K.files] == ["zinc.txt.gz", "valid.txt", "test.txt"]
    commit = re.compile(r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/data/")
    assert all(
        commit.match(file.url) and file.url.endswith(f"/{file.name}") for file in ZINC250K.files
    )
    checksums = [*ZINC250K.tables.values(), *(file.checksum for file in ZINC250K.files)]
    assert {len(checksum) for checksum in checksums} == {64}
