import csv
from math import inf, nan
from pathlib import Path

import pandas
import pytest
from rdkit import Chem

from molvae.dataset.containers import open_bytes
from molvae.dataset.tables import Table
from molvae.errors import FileError, MoleculeError
from molvae.tables import TableFile, TableKind

COLUMNS = {"smiles": ["CCO", "c1ccccc1"], "qed": [0.1 + 0.2, nan], "call": [1, 2]}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("out.csv", TableKind.CSV),
        ("OUT.SMI", TableKind.SMI),
        ("out.tsv", TableKind.TSV),
        ("a.b.sdf", TableKind.SDF),
        ("x.parquet", TableKind.PARQUET),
        ("out.txt", TableKind.CSV),
        ("out", TableKind.CSV),
    ],
)
def test_the_ending_tells_the_kind(tmp_path, name, kind):
    assert TableFile.at(tmp_path / name).kind is kind
    assert list(tmp_path.iterdir()) == []


def test_csv_drops_rounding_errors_and_leaves_missing_numbers_empty(tmp_path):
    TableFile.at(tmp_path / "out.csv").write(COLUMNS)
    text = (tmp_path / "out.csv").read_bytes().decode()
    assert text == "smiles,qed,call\nCCO,0.3,1\nc1ccccc1,,2\n"


def test_tsv_has_tabs(tmp_path):
    TableFile.at(tmp_path / "out.tsv").write(COLUMNS)
    assert (tmp_path / "out.tsv").read_text().splitlines()[0] == "smiles\tqed\tcall"


@pytest.mark.parametrize("name", ["a.xlsx", "x.json", "run.1", "a.npz", "a.html", "a.smi.txt.doc"])
def test_other_endings_are_refused_with_those_that_are_supported(tmp_path, name):
    with pytest.raises(FileError, match=r"\.csv, \.tsv, \.smi, \.sdf, \.parquet"):
        TableFile.at(tmp_path / name)


def test_a_table_can_go_to_standard_output(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    TableFile.at(Path("-")).write(COLUMNS)
    assert capsys.readouterr().out.splitlines()[1] == "CCO,0.3,1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-1+1", "'-1+1"),
        ("-x", "'-x"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("-1.5", "-1.5"),
        ("+2", "+2"),
        ("-1e-7", "-1e-7"),
        (-0.25, "-0.25"),
        (-inf, "-inf"),
        ("C=O", "C=O"),
        ("a-b", "a-b"),
        ("", ""),
    ],
)
@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_cells_and_names_that_a_spreadsheet_would_run_get_an_apostrophe(
    tmp_path, cell, written, ending, delimiter
):
    path = tmp_path / f"out.{ending}"
    TableFile.at(path).write({"smiles": ["C"], str(cell): [cell]})
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream, delimiter=delimiter))
    assert rows == [["smiles", written], ["C", written]]


def test_line_breaks_and_tabs_in_a_cell_add_no_row_to_a_smi_or_sd_file(tmp_path):
    columns = {"smiles": ["C", "CC"], "id": ["a\tb\n$$$$\nc", "d"], "<n>\n": ["x\n\ny", ""]}
    for name in ("out.smi", "out.sdf"):
        TableFile.at(tmp_path / name).write(columns)
        table = Table.open(tmp_path / name)
        rows = [row for chunk in table.chunks(10) for row in chunk.rows]
        assert [row.text for row in rows] == ["C", "CC"]
    first, second = Chem.SDMolSupplier(str(tmp_path / "out.sdf"))
    assert first.GetProp("_Name") == "a b $$$$ c"
    assert second.GetProp("_Name") == "d"


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz", "GZ"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "smi", "sdf"])
def test_tables_are_compressed_by_the_ending(tmp_path, ending, compression):
    plain, packed = tmp_path / f"out.{ending}", tmp_path / f"out.{ending}.{compression}"
    for path in (plain, packed):
        TableFile.at(path).write(COLUMNS)
    with open_bytes(packed) as (stream, _):
        assert stream.read() == plain.read_bytes()
    assert packed.read_bytes() != plain.read_bytes()
    first = packed.read_bytes()
    TableFile.at(packed).write(COLUMNS)
    assert packed.read_bytes() == first
    assert sorted(tmp_path.iterdir()) == sorted([plain, packed])


@pytest.mark.parametrize("name", ["a.csv.zip", "a.parquet.gz", "a.xlsx.gz", "a.csv.zst", "a.7z"])
def test_other_compressions_are_refused_before_the_work(tmp_path, name):
    with pytest.raises(FileError, match=r"\.parquet"):
        TableFile.at(tmp_path / name)


def test_smi_is_read_again_by_the_readers_of_this_package(tmp_path):
    path = tmp_path / "out.smi"
    TableFile.at(path).write(COLUMNS)
    (chunk,) = Table.open(path).chunks(10)
    assert [row.text for row in chunk.rows] == COLUMNS["smiles"]


def test_sdf_holds_structures_and_fields(tmp_path):
    path = tmp_path / "out.sdf"
    TableFile.at(path).write(COLUMNS)
    first, second = Chem.SDMolSupplier(str(path))
    assert [Chem.MolToSmiles(first), Chem.MolToSmiles(second)] == COLUMNS["smiles"]
    assert (float(first.GetProp("qed")), second.GetProp("call")) == (0.3, "2")


def test_parquet_keeps_types_and_missing_numbers(tmp_path):
    path = tmp_path / "out.parquet"
    TableFile.at(path).write(COLUMNS)
    read = pandas.read_parquet(path)
    assert list(read.columns) == list(COLUMNS)
    assert read["qed"].isna().tolist() == [False, True]
    assert read["call"].tolist() == [1, 2]


def test_columns_of_different_length_are_a_mistake_and_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        TableFile.at(tmp_path / "out.csv").write({"smiles": ["C", "CC"], "qed": [0.5]})
    assert list(tmp_path.iterdir()) == []


def test_a_failure_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.sdf"
    path.write_text("old")
    with pytest.raises(MoleculeError):
        TableFile.at(path).write({"smiles": ["CCO", "nonsense"]})
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["out.sdf"]


def test_a_folder_and_a_place_under_a_file_are_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="is a folder"):
        TableFile.at(tmp_path)
    with pytest.raises(FileError, match="could not write"):
        TableFile.at(tmp_path / "file" / "out.csv")
