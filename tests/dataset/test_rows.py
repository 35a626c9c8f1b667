from itertools import chain, cycle, islice

from molvae.chem.notation import from_selfies
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.rows import AcceptedRow, RefusedRow, read_rows


def rows_of(path, **settings):
    return list(chain.from_iterable(read_rows(path, **settings)))


def test_rows_keep_their_order_line_and_duplicates(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('smiles,name\nOCC,a\n\nnonsense,b\nCCO,"c\nCC(=O)[O-].[Na+],d\n')
    rows = rows_of(path)
    assert [row.line for row in rows] == [2, 4, 5, 6]
    accepted = [row for row in rows if isinstance(row, AcceptedRow)]
    assert [row.smiles for row in accepted] == ["CCO", "CC(=O)O"]
    refused = [row for row in rows if isinstance(row, RefusedRow)]
    assert [(row.text, row.reason) for row in refused] == [
        ("nonsense", "invalid SMILES"),
        ('CCO,"c', "unbalanced quotes in the row"),
    ]


def test_the_spelling_is_that_of_the_molecule(tmp_path):
    path = tmp_path / "rows.smi"
    path.write_text("c1ccccc1C(=O)N\nC[C@H](N)C(=O)O\n")
    for row in rows_of(path):
        assert from_selfies(row.selfies).smiles == row.smiles


def test_cleaning_is_as_asked_for(tmp_path):
    path = tmp_path / "rows.smi"
    path.write_text("C[C@H](N)C(=O)O\nCCCCCCCC\n")
    first, second = rows_of(path, cleaning=StandardizeConfig(keep_stereo=False, max_heavy_atoms=7))
    assert first.smiles == "CC(N)C(=O)O"
    assert second.reason == "molecule too large"


def test_two_processes_give_the_rows_of_one(tmp_path):
    path = tmp_path / "rows.smi"
    path.write_text("\n".join(islice(cycle(["CCO", "nonsense", "c1ccccc1"]), 3000)) + "\n")
    rows = rows_of(path, workers=2)
    assert rows == rows_of(path, workers=1)
    assert [row.line for row in rows] == list(range(1, 3001))
