"""The same 200 molecules in twelve containers: the same corpus, labels and refusals."""

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor

from molvae.chem.molecule import Molecule
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.molecules import save_molecules
from molvae.dataset.names import unique_names
from molvae.dataset.preparation import prepare_corpus
from molvae.dataset.rows import AcceptedRow, read_rows
from molvae.dataset.tables import Table
from molvae.errors import DataError

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
HEADER = ("id", "smiles", "y")


def make_rows():
    """200 molecules, among them a duplicate, a metal, an impossible valence and a missing value."""
    with SAMPLE.open(encoding="utf-8") as stream:
        smiles = [row["smiles"] for row in csv.DictReader(stream)][:200]
    smiles[20], smiles[50], smiles[90] = smiles[3], "C[Au]", "CC(C)(C)(C)C"
    rows = [[f"M{n:03}", text, f"{n / 8}"] for n, text in enumerate(smiles)]
    rows[7][2], rows[9][2] = "", ">9.5"
    return rows


ROWS = make_rows()


def delimited(delimiter=",", header=HEADER, rows=ROWS):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header, *rows] if header else rows)
    return stream.getvalue().encode()


def zipped(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._a.csv", "x")
        archive.writestr("folder/a.csv", content)
    return stream.getvalue()


def sdf():
    """An SD file, and the line on which each record begins."""
    lines, begins = [], []
    for name, smiles, y in ROWS:
        mol = Chem.MolFromSmiles(smiles) or Chem.MolFromSmiles(smiles, sanitize=False)
        rdDepictor.Compute2DCoords(mol)
        begins.append(len(lines) + 1)
        block = Chem.MolToMolBlock(mol).splitlines()
        lines += [name, *block[1:], "> <y>", y, "", "$$$$"]
    return ("\n".join(lines) + "\n").encode(), begins


def parquet():
    stream = io.BytesIO()
    pandas.DataFrame(ROWS, columns=list(HEADER)).to_parquet(stream)
    return stream.getvalue()


CSV = delimited()
SDF, SDF_LINES = sdf()
LINES = list(range(2, 202))
CONTAINERS = {
    "a.csv": (CSV, LINES),
    "a.tsv": (delimited("\t"), LINES),
    "semicolon.csv": (delimited(";"), LINES),
    "a.smi": (
        delimited("\t", header=None, rows=[(smiles, name, y) for name, smiles, y in ROWS]),
        list(range(1, 201)),
    ),
    "windows.csv": (CSV.replace(b"\n", b"\r\n"), LINES),
    "utf16.csv": (CSV.decode().encode("utf-16"), LINES),
    "a.csv.gz": (gzip.compress(CSV), LINES),
    "a.csv.bz2": (bz2.compress(CSV), LINES),
    "a.csv.xz": (lzma.compress(CSV), LINES),
    "a.zip": (zipped(CSV), LINES),
    "a.sdf": (SDF, SDF_LINES),
    "a.parquet": (parquet(), list(range(1, 201))),
    "a.sdf.gz": (gzip.compress(SDF), SDF_LINES),
    "comments.csv": (b"# from the ELN\n" + CSV, [line + 1 for line in LINES]),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = tmp_path_factory.mktemp("expected") / "a.csv"
    path.write_bytes(CSV)
    return prepare_corpus(path, CorpusConfig(property_columns=("y",)), workers=1)


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_same_molecules_come_out_of_every_container(tmp_path, expected, name):
    content, lines = CONTAINERS[name]
    (tmp_path / name).write_bytes(content)
    column = "3" if name == "a.smi" else "y"
    corpus = prepare_corpus(tmp_path / name, CorpusConfig(property_columns=(column,)), workers=1)
    assert corpus.vocabulary == expected.vocabulary
    np.testing.assert_array_equal(corpus.arrays.ids, expected.arrays.ids)
    np.testing.assert_array_equal(corpus.lengths, expected.lengths)
    np.testing.assert_array_equal(corpus.properties, expected.properties)
    np.testing.assert_array_equal(corpus.qualifiers, expected.qualifiers)
    assert corpus.refusals == expected.refusals
    with corpus.refusals_file.open(encoding="utf-8") as stream:
        refused = [(int(row["line"]), row["reason"]) for row in csv.DictReader(stream)]
    assert refused == [
        (lines[20], "duplicate"),
        (lines[50], expected_reason(expected, 52)),
        (lines[90], expected_reason(expected, 92)),
    ]


def expected_reason(corpus, line):
    with corpus.refusals_file.open(encoding="utf-8") as stream:
        return next(row["reason"] for row in csv.DictReader(stream) if row["line"] == str(line))


@pytest.mark.parametrize("name", CONTAINERS)
def test_identifiers_travel_with_the_rows(tmp_path, name):
    (tmp_path / name).write_bytes(CONTAINERS[name][0])
    rows = [row for part in read_rows(tmp_path / name, workers=1) for row in part]
    accepted = [row for row in rows if isinstance(row, AcceptedRow)]
    identifiers = [next(iter(row.further.values())) for row in accepted]
    assert identifiers == [row[0] for number, row in enumerate(ROWS) if number not in (50, 90)]


def objects():
    frame = pandas.DataFrame(ROWS, columns=list(HEADER))
    mols = [Chem.MolFromSmiles(smiles, sanitize=False) for _, smiles, _ in ROWS]
    return {
        "data frame": frame,
        "data frame with an index": frame.set_index("id"),
        "series": frame["smiles"],
        "list of texts": frame["smiles"].tolist(),
        "list of mols": mols,
        "column of mols": pandas.DataFrame({"id": frame["id"], "mol": mols}),
    }


@pytest.mark.parametrize("name", objects())
def test_python_tables_give_the_same_rows_numbered_from_one(expected, name):
    rows = [row for part in read_rows(objects()[name], workers=1) for row in part]
    accepted = [row for row in rows if isinstance(row, AcceptedRow)]
    distinct = list(dict.fromkeys(row.smiles for row in accepted))
    assert distinct == [expected.smiles(index) for index in range(len(expected))]
    assert [row.line for row in rows] == list(range(1, 201))
    if "frame" in name:
        assert accepted[4].further["id"] == "M004"


def test_numbers_of_a_data_frame_need_no_decimal_marks(caplog):
    frame = pandas.DataFrame({"smiles": ["C", "CC", "CCC"], "y": [1.234, 5.678, None]})
    table = Table.open(frame, property_columns=["y"])
    (chunk,) = table.chunks(10)
    assert [row.properties[0] for row in chunk.rows[:2]] == [1.234, 5.678]
    assert [row.not_numbers for row in chunk.rows] == [(), (), ()]
    assert caplog.text == ""


@pytest.mark.parametrize("name", objects())
def test_python_tables_give_the_same_corpus_by_way_of_a_file(tmp_path, expected, name):
    corpus = prepare_corpus(objects()[name], folder=tmp_path, workers=1)
    np.testing.assert_array_equal(corpus.arrays.ids, expected.arrays.ids)
    saved = save_molecules(objects()[name], tmp_path / "saved.csv")
    assert saved.read_bytes() == (tmp_path / "molecules.csv").read_bytes()


@pytest.mark.parametrize("source", [None, 5, {"smiles": ["C"]}, []])
def test_other_objects_are_refused(source):
    with pytest.raises(DataError):
        Table.open(source)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped(CSV)[:-60], "incomplete zip"),
        (bz2.compress(CSV)[:-20], "incomplete bz2"),
        (lzma.compress(CSV)[:-20], "incomplete xz"),
        (parquet()[:-30], "damaged Parquet"),
        (b"PAR1" + bytes(500), "damaged Parquet"),
        (b"\x28\xb5\x2f\xfd" + bytes(50), "Zstandard"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "spreadsheet"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "7z"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        list(Table.open(path).texts())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.csv", "b.csv"], "2 files"),
        ([], "0 files"),
        (["[Content_Types].xml", "xl/workbook.xml"], "spreadsheet"),
    ],
)
def test_a_zip_archive_holds_a_single_file(tmp_path, names, message):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, CSV)
    with pytest.raises(DataError, match=message):
        Table.open(path)


def test_a_record_without_a_structure_is_refused_on_its_line(tmp_path):
    path = tmp_path / "a.sdf"
    broken = "broken\n\n\n  1  0  0  0  0  0            999 V2000\nrubbish\nM  END\n$$$$\n"
    path.write_text(broken + SDF.decode())
    rows = [row for chunk in Table.open(path).chunks(50) for row in chunk.rows]
    assert (rows[0].number, rows[0].text) == (1, "broken")
    assert rows[0].problem is not None
    assert rows[1].number == 8
    assert rows[1].problem is None


@pytest.mark.parametrize("text", ["C[C@H](O)F |&1:1|", "C[C@H](O)F |o1:1|", "C[C@H](O)F |a:1|"])
def test_an_sd_file_loses_no_enhanced_stereochemistry_in_silence(tmp_path, text):
    mol = Chem.MolFromSmiles(text)
    rdDepictor.Compute2DCoords(mol)
    path = tmp_path / "a.sdf"
    path.write_text(Chem.MolToV3KMolBlock(mol) + "$$$$\n")
    expected = Molecule.parse(text)
    for source in (path, [mol]):
        (read,) = Table.open(source).texts()
        molecule = Molecule.parse(read)
        assert (molecule, molecule.changes) == (expected, expected.changes)


def test_columns_of_one_name_get_numbers():
    assert unique_names(["a", "", "a", "a"], taken=["a_2"]) == ["a", "column_2", "a_3", "a_4"]


def test_columns_without_a_name_are_numbered_by_their_position(tmp_path):
    path = tmp_path / "unnamed.csv"
    path.write_text("smiles,,y,\nCCO,1,2,3\n")
    assert Table.open(path).further_names == ("column_2", "y", "column_4")


def test_parquet_columns_of_one_name_and_bytes_keep_their_cells(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    arrays = [pyarrow.array(cells) for cells in ([1], [2], [b"CCO"])]
    path = tmp_path / "molecules.parquet"
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_arrays(arrays, ["y", "y", "smiles"]), path)
    table = Table.open(path)
    (row,) = next(table.chunks(5)).rows
    assert row.text == "CCO"
    assert table.further(row) == {"y": "1", "y_2": "2"}
    packed = tmp_path / "molecules.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(DataError, match="compressed Parquet"):
        Table.open(packed)
    parquet.write_table(
        pyarrow.table({"smiles": [b"CCO"], "name": ["M\u00fcller".encode("cp1252")]}), path
    )
    with pytest.raises(DataError, match="not UTF-8"):
        Table.open(path)
    parquet.write_table(pyarrow.table({}), path)
    with pytest.raises(DataError, match="no columns"):
        Table.open(path)


def test_a_quoted_line_break_before_the_molecule_belongs_to_its_row(tmp_path):
    path = tmp_path / "molecules.csv"
    path.write_text('name,smiles,y\n"a\nb","CCO",1\nc,CCN,2\n')
    table = Table.open(path)
    rows = next(table.chunks(5)).rows
    assert [row.text for row in rows] == ["CCO", "CCN"]
    assert table.further(rows[0])["name"] == "a\nb"
