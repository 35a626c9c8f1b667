from math import nan

import pandas
import pytest
from rdkit import Chem

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


def test_csv_keeps_every_digit_and_leaves_missing_numbers_empty(tmp_path):
    TableFile.at(tmp_path / "out.csv").write(COLUMNS)
    text = (tmp_path / "out.csv").read_bytes().decode()
    assert text == "smiles,qed,call\nCCO,0.30000000000000004,1\nc1ccccc1,,2\n"


def test_tsv_has_tabs(tmp_path):
    TableFile.at(tmp_path / "out.tsv").write(COLUMNS)
    assert (tmp_path / "out.tsv").read_text().splitlines()[0] == "smiles\tqed\tcall"


def test_a_packed_table_is_refused_before_the_work(tmp_path):
    with pytest.raises(FileError, match="not packed"):
        TableFile.at(tmp_path / "out.csv.gz")


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
    assert (float(first.GetProp("qed")), second.GetProp("call")) == (0.1 + 0.2, "2")


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
