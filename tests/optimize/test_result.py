import csv
import json
import math
from dataclasses import replace

from molvae.objectives.objective import Failure
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.result import (
    SearchResult,
    StopReason,
    append_failures,
    best_first,
    write_evaluations,
)


def candidate(call, score, smiles="C"):
    return Evaluation(smiles, score, {"qed": score, "rings": 1.0}, {"qed": 0.5}, call, 1)


SOME = [candidate(1, 0.2), candidate(2, math.nan), candidate(3, 0.9), candidate(4, 0.2)]


def result(candidates):
    return SearchResult(best_first(candidates), StopReason.BUDGET_SPENT, 1, 4, 0, 0)


def test_best_comes_first_and_no_score_last():
    assert [one.call for one in best_first(SOME)] == [3, 1, 4, 2]


def test_scores_are_in_the_order_of_the_calls():
    assert str(result(SOME).scores.tolist()) == "[0.2, nan, 0.9, 0.2]"


def test_the_best_is_one_with_a_score():
    assert result(SOME).best.call == 3
    assert result([candidate(1, math.nan)]).best is None
    assert result([]).best is None


def test_every_stop_reason_has_advice():
    assert all(reason.advice for reason in StopReason)


def test_a_summary_is_json_also_when_nothing_was_scored():
    for candidates in (SOME, [], [candidate(1, math.nan)]):
        summary = json.loads(json.dumps(result(candidates).summary(), allow_nan=False))
        assert summary["calls"] == len(candidates)
    assert result(SOME).summary()["best_score"] == 0.9


def test_a_table_of_candidates(tmp_path):
    path = tmp_path / "candidates.csv"
    write_evaluations(path, best_first(SOME), ("qed", "rings"))
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["smiles", "score", "qed", "rings", "qed_desirability", "call", "source"]
    assert rows[1] == ["C", "0.9", "0.9", "1.0", "0.5", "3", "latents"]
    assert rows[-1] == ["C", "", "", "1.0", "0.5", "2", "latents"]


def test_a_table_of_candidates_for_a_lead_tells_how_like_it_they_are(tmp_path):
    path = tmp_path / "candidates.csv"
    write_evaluations(path, best_first(SOME), ("rings",), [0.25, 0.5, 1.0, 0.0])
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["smiles", "score", "similarity_to_lead", "rings", "call", "source"]
    assert rows[1] == ["C", "0.9", "0.25", "1.0", "3", "latents"]


def test_a_budget_that_the_method_only_begins_with_is_told_as_such():
    some = replace(result(SOME), initial_calls=4)
    assert "starts from 4 molecules" in some.advice
    assert "starts from" not in replace(some, initial_calls=3).advice
    assert "starts from" not in replace(some, stop=StopReason.ENOUGH).advice


def test_a_table_of_no_candidates_has_its_heading(tmp_path):
    path = tmp_path / "candidates.csv"
    write_evaluations(path, [], ("qed",))
    assert path.read_text() == "smiles,score,qed,call,source\n"


def test_measured_values_named_like_other_columns_overwrite_none(tmp_path):
    values = {"score": 7.0, "call": 8.0, "source": 9.0, "a_desirability": 1.0, "a": 2.0}
    row = Evaluation("CC", 0.5, values, {"a": 3.0}, 4, 1)
    expected = {
        "smiles": "CC",
        "score": 0.5,
        "score_2": 7.0,
        "call_2": 8.0,
        "source_2": 9.0,
        "a_desirability": 1.0,
        "a": 2.0,
        "a_desirability_2": 3.0,
        "call": 4,
        "source": row.source,
    }
    assert result([row]).to_frame().to_dict("records") == [expected]
    path = tmp_path / "candidates.csv"
    write_evaluations(path, [row], tuple(values))
    names, cells = csv.reader(path.read_text().splitlines())
    assert dict(zip(names, cells, strict=True)) == {k: str(v) for k, v in expected.items()}


def test_tables_of_a_search_hold_no_formula_for_a_spreadsheet(tmp_path):
    path = tmp_path / "candidates.csv"
    write_evaluations(path, [Evaluation("CC", 0.5, {"=1+1": 2.0}, {}, 4, 1)], ("=1+1",))
    append_failures(tmp_path / "failures.csv", [Failure("CC", "@x", "=HYPERLINK(1)")])
    for file in tmp_path.iterdir():
        cells = [cell for row in csv.reader(file.read_text().splitlines()) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "@"))]
