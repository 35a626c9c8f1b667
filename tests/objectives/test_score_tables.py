import csv
import math

import numpy as np
import pandas
import pytest
from rdkit import Chem
from rdkit.Chem import QED

from molvae.errors import DataError
from molvae.files import defuse_formula
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Failure, Scores
from molvae.objectives.tables import score_table, write_failures

TEXT = 'id,smiles\n1,OCC\n2,C1CC\n3,c1ccccc1\n4,\n5,CCO\n6,"C\n'


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(TEXT)
    return path


def test_rows_are_scored_in_order_with_duplicates(table):
    scored = score_table(ConfiguredObjective.load("pmo/qed"), table)
    assert scored.smiles == ("CCO", "c1ccccc1", "CCO")
    expected = [QED.qed(Chem.MolFromSmiles(smiles)) for smiles in scored.smiles]
    assert scored.scores.total == pytest.approx(expected)
    assert scored.n_scored == 3
    assert scored.best == pytest.approx(max(expected))


def test_a_molecule_that_is_there_twice_is_asked_for_once(table):
    asked = []

    class Watched:
        columns = ("qed",)
        description = {}  # noqa: RUF012

        def score(self, molecules):
            asked.extend(molecule.smiles for molecule in molecules)
            return ConfiguredObjective.load("pmo/qed").score(molecules)

    scored = score_table(Watched(), table)
    assert asked == ["CCO", "c1ccccc1"]
    assert scored.smiles == ("CCO", "c1ccccc1", "CCO")
    assert scored.scores.total[0] == scored.scores.total[2] != scored.scores.total[1]


def test_rows_without_a_molecule_are_told_with_line_and_reason(table):
    scored = score_table(ConfiguredObjective.load("pmo/qed"), table)
    assert [(row.line, row.reason) for row in scored.refused] == [
        (3, "invalid SMILES"),
        (5, "missing SMILES"),
        (7, "unbalanced quotes in the row"),
    ]


def test_columns_are_score_then_each_value_with_its_desirability(table):
    columns = score_table(ConfiguredObjective.load("pmo/perindopril_mpo"), table).columns()
    assert list(columns) == [
        "smiles",
        "row",
        "score",
        "similarity",
        "similarity_desirability",
        "aromatic_rings",
        "aromatic_rings_desirability",
        "id",
    ]
    assert columns["aromatic_rings"] == [0, 1, 0]
    assert columns["aromatic_rings_desirability"][1] == pytest.approx(math.exp(-2))


def test_no_score_at_all_has_no_best(table, tmp_path):
    path = tmp_path / "objective.toml"
    path.write_text("name = 'x'\nwhere = 'rings > 9'\n[[component]]\nproperty = 'qed'\n")
    scored = score_table(ConfiguredObjective.load(path), table)
    assert (scored.n_scored, scored.best) == (0, None)


def test_a_file_without_molecules_is_refused(tmp_path):
    path = tmp_path / "in.smi"
    path.write_text("C1CC\nC(C\n")
    with pytest.raises(DataError, match="has no molecule in 2 rows; line 1: invalid SMILES"):
        score_table(ConfiguredObjective.load("pmo/qed"), path)


def test_failures_are_written_as_a_table(tmp_path):
    path = tmp_path / "failures.csv"
    write_failures(path, [Failure("CCO", "docking", 'crashed, "badly"')])
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [{"smiles": "CCO", "component": "docking", "reason": 'crashed, "badly"'}]


def test_further_columns_of_the_file_follow_the_scores(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("id,smiles,score,note\nM1,CCO,9,a\nM2,xx,8,b\nM3,CCN,7,\n")
    columns = score_table(ConfiguredObjective.load("pmo/qed"), path).columns()
    assert columns["id"] == ["M1", "M3"]
    assert columns["score_input"] == ["9", "7"]
    assert columns["note"] == ["a", ""]
    assert list(columns)[:3] == ["smiles", "row", "score"]


def test_a_data_frame_is_scored_as_its_file(tmp_path):
    frame = pandas.DataFrame({"id": [1, 2], "smiles": ["CCO", "CCN"]})
    frame.to_csv(tmp_path / "in.csv", index=False)
    objective = ConfiguredObjective.load("pmo/qed")
    from_frame, from_file = (score_table(objective, s) for s in (frame, tmp_path / "in.csv"))
    assert from_frame.smiles == from_file.smiles
    assert from_frame.further == from_file.further
    assert from_frame.scores.total.tolist() == from_file.scores.total.tolist()


def test_formulas_among_the_failures_are_defused(tmp_path):
    write_failures(tmp_path / "f.csv", [Failure("CCO", "=c", "+cmd|' /C calc'!A0")])
    assert (tmp_path / "f.csv").read_text().splitlines()[1] == "CCO,'=c,'+cmd|' /C calc'!A0"
    for sign in "=+-@\t\uff1d\uff0b\uff0d\uff20":
        assert defuse_formula(f"{sign}SUM(A1)") == f"'{sign}SUM(A1)"
    for number in ("-1.5e3", "+2", "-inf"):
        assert defuse_formula(number) == number


def test_a_measured_value_named_like_another_column_does_not_overwrite_it(table):
    class Renamed:
        columns = ("score", "row")
        description = {}  # noqa: RUF012

        def score(self, molecules):
            zeros = np.zeros(len(molecules))
            return Scores(zeros + 0.5, {"score": zeros + 2, "row": zeros + 3}, {"row": zeros + 1})

    columns = score_table(Renamed(), table).columns()
    assert columns["row"] == [2, 4, 6]
    assert columns["score"] == [0.5] * 3
    assert columns["score_2"] == [2] * 3
    assert columns["row_2"] == [3] * 3
    assert columns["row_desirability"] == [1] * 3
