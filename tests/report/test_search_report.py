import csv
import json
import shutil
from dataclasses import replace
from math import nan

import numpy as np
import pytest
from page_reader import ReadPage

from molvae.errors import FileError, RunError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.methods import SearchConfig
from molvae.optimize.search import search
from molvae.report.charts import Series
from molvae.report.config import ReportConfig
from molvae.report.ranking import Ranking
from molvae.report.search import _best_so_far, _sources
from molvae.report.search_course import components_of_best, source_shares
from molvae.report.writing import write_report
from molvae.runs import RunDirectory

ANILIDE = "CC(=O)Nc1ccccc1"


def searched(model, path, components=("qed",), **settings):
    run = RunDirectory.create(path)
    curve = {"kind": "linear", "low": 0, "high": 5}
    tables = [{"property": name, "desirability": curve} for name in components]
    if len(tables) == 1:
        tables[0].pop("desirability")
    objective = ConfiguredObjective(
        ObjectiveConfig.parse_tables({"name": "mine", "component": tables})
    )
    given = {"method": "random", "budget": 40, "batch_size": 20, **settings}
    # What so small a model makes up is too heavy for the guardrails.
    given["constraints"] = {"guardrails": False, **settings.get("constraints", {})}
    return search(model, objective, SearchConfig.parse(given), run), run


@pytest.fixture(scope="module")
def found(tiny_model, tmp_path_factory):
    """A finished search, and its folder."""
    return searched(tiny_model, tmp_path_factory.mktemp("searches") / "run")


@pytest.fixture(scope="module")
def around_lead(tiny_model, tmp_path_factory):
    """A search around a lead, and its folder."""
    path = tmp_path_factory.mktemp("searches") / "run"
    return searched(tiny_model, path, constraints={"lead": ANILIDE})


def copied(found, folder):
    """The same in a folder that may be altered."""
    result, run = found
    return result, RunDirectory(shutil.copytree(run.path, folder / "run"))


def read(run, **settings):
    return ReadPage(write_report(run, config=ReportConfig(**settings)).read_text(encoding="utf-8"))


def test_the_best_molecules_are_drawn_best_first(found):
    result, run = found
    page = read(run, molecules=5)
    best = [one.smiles for one in result.evaluations[:5]]
    assert list(page.pictures)[:5] == best
    assert "Score of each molecule" in list(page.pictures)[5]
    first = result.evaluations[0]
    card = f"{first.score:.4f} qed {first.values['qed']:.4g} call {first.call}, {first.source}"
    assert f"Best molecules {card} {first.smiles}" in page.text


def test_how_it_ended_and_what_it_left_out_are_told(found):
    result, run = found
    summary = result.summary()
    text = read(run).text
    assert f"state ended: {summary['stop']} advice {summary['advice']} calls 40" in text
    assert f"mean of the top 10 {summary['mean_of_ten_best']:.4f}" in text
    assert f"Of {summary['proposed']} proposals" in text
    for reason, count in summary["rejected"].items():
        assert f"{reason} {count}" in text
    assert "source calls of the 40 best" in text
    assert f"{result.evaluations[0].source} 40 40" in text
    assert "objective.component.1.measure.property qed" in text


def test_a_search_that_was_cut_off_tells_what_its_journal_holds(found, tmp_path):
    result, run = copied(found, tmp_path)
    run.summary.unlink()
    run.candidates.unlink()
    page = read(run, molecules=1)
    assert "state in progress or interrupted calls 40" in page.text
    assert next(iter(page.pictures)) == result.evaluations[0].smiles


def test_a_resumed_search_is_not_told_to_have_ended(found, tmp_path):
    _, run = copied(found, tmp_path)
    summary = json.loads(run.summary.read_text())
    run.summary.write_text(json.dumps({**summary, "calls": 20}))
    assert "state in progress or interrupted calls 40" in read(run).text


def test_the_lead_is_drawn_first_and_once(around_lead):
    result, run = around_lead
    page = read(run, molecules=40)
    drawn = list(page.pictures)
    assert drawn[0] == result.lead.smiles
    assert drawn.count(result.lead.smiles) == 1
    assert f"lead {result.lead.smiles} score of the lead {result.lead.score:.4f}" in page.text
    assert f"improvement over the lead {result.lead.improvement:+.4f} at similarity" in page.text


def test_the_front_is_told_with_its_goals(tiny_model, tmp_path):
    result, run = searched(tiny_model, tmp_path / "run", ("qed", "logp"), pareto=True)
    page = read(run)
    front = result.front.evaluations
    assert f"Pareto front {len(front)} molecules; no other is at least as good" in page.text
    for one in front:
        numbers = " ".join(f"{value:.3f}" for value in one.desirabilities.values())
        assert f"{numbers} {one.smiles}" in page.text
    assert {"Both goals of each molecule."} < set(page.pictures)


class Unscored:
    """An objective that has no score for any molecule."""

    def __init__(self, objective):
        self._objective = objective
        self.columns, self.description = objective.columns, objective.description

    def score(self, molecules):
        scores = self._objective.score(molecules)
        return replace(scores, total=np.full(len(molecules), nan))


@pytest.mark.parametrize("pareto", [False, True])
def test_a_search_without_any_score_is_told_too(tiny_model, tmp_path, pareto):
    chosen = {
        "method": "random",
        "budget": 10,
        "batch_size": 10,
        "pareto": pareto,
        "constraints": {"guardrails": False},
    }
    curve = {"kind": "linear", "low": 0, "high": 5}
    names = ("qed", "tpsa") if pareto else ("qed",)
    goals = [{"property": name, "desirability": curve} for name in names]
    tables = {"name": "none", "component": goals}
    run = RunDirectory.create(tmp_path / "run")
    objective = Unscored(ConfiguredObjective(ObjectiveConfig.parse_tables(tables)))
    search(tiny_model, objective, SearchConfig.parse(chosen), run)
    page = read(run)
    assert "calls 10, 10 without a score" in page.text
    assert page.pictures == {}


def test_what_is_no_run_is_one_clear_line(tmp_path):
    with pytest.raises(RunError, match="holds no run"):
        write_report(RunDirectory(tmp_path))


def test_a_damaged_journal_is_named(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    run.settings.write_text("{}")
    run.journal.write_bytes(b"no database at all, but long enough to look like one")
    with pytest.raises(RunError, match=r"journal\.sqlite"):
        write_report(run)


def test_a_report_replaces_nothing_of_the_run(found, tmp_path):
    _, run = copied(found, tmp_path)
    before = run.journal.read_bytes()
    with pytest.raises(RunError, match=r"journal\.sqlite.* HTML"):
        write_report(run, run.path / "journal.sqlite")
    assert run.journal.read_bytes() == before


def test_a_search_that_was_cut_off_before_it_began_is_told_as_that(found, tmp_path):
    _, run = copied(found, tmp_path)
    run.journal.unlink()
    with pytest.raises(RunError, match="before its first call"):
        write_report(run)


def candidates(*found):
    """One after the other, of the source and the score given."""
    return [
        Evaluation("C" * call, score, {}, {}, call, 1, source)
        for call, (source, score) in enumerate(found, 1)
    ]


def test_a_lead_that_is_not_among_the_best_is_kept():
    scored = candidates(("lead", 1.0), ("graph", 2.0), ("graph", nan), ("graph", 3.0))
    for lead in (None, "C"):
        ranking = Ranking.of(scored, lead, limit=2)
        assert [row.call for row in ranking.evaluations] == [4, 2, 1]
        assert ranking.cards(1).cards[0].smiles == "C"
        assert "with the lead" in ranking.about()
    assert len(Ranking.of(scored, "CC", limit=2).evaluations) == 2


# What has no score was counted among the best where there were few.
def test_only_what_has_a_score_is_among_the_best():
    found = candidates(("graph", nan), ("prior", -2.0), ("graph", nan), ("graph", -3.0))
    table = _sources(found).table
    assert table.headings == ("source", "calls", "of the 2 best")
    assert set(table.rows) == {("graph", "3", "1"), ("prior", "1", "1")}


# The curves began at 0, above all the scores of an objective that is below it.
def test_the_curve_of_the_best_begins_with_the_first_score():
    scores = np.array([nan, nan, -7.0, nan, -5.0])
    assert _best_so_far("best", scores, 1) == Series("best", [3, 4, 5], [-7.0, -7.0, -5.0])
    assert _best_so_far("mean", scores, 10).y[-1] == -6.0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("summary.json", "{}"),
        ("summary.json", "[]"),
        ("summary.json", '{"calls": "many"}'),
        ("settings.json", "3"),
        ("settings.json", "[]"),
        ("provenance.json", '"molvae"'),
    ],
)
def test_a_file_that_holds_something_else_is_named(found, tmp_path, name, content):
    _, run = copied(found, tmp_path)
    (run.path / name).write_text(content)
    with pytest.raises(FileError, match=rf"{name}.*\brestore\b"):
        write_report(run)


def data_of(run, **settings):
    return read(run, **settings).data


def test_all_molecules_are_in_the_table_best_first(found):
    result, run = found
    data = data_of(run)
    columns = {column["name"]: column["cells"] for column in data["columns"]}
    assert data["columns"][0]["smiles"] == [row.smiles for row in result.evaluations]
    assert columns["score"] == pytest.approx([row.score for row in result.evaluations], rel=1e-5)
    assert columns["call"] == [row.call for row in result.evaluations]
    assert "similarity_to_lead" not in columns


def test_similarities_to_the_lead_are_those_of_the_search(around_lead):
    result, run = around_lead
    columns = {column["name"]: column["cells"] for column in data_of(run)["columns"]}
    with run.candidates.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = [float(row["similarity_to_lead"]) for row in rows]
    assert columns["similarity_to_lead"] == pytest.approx(expected, rel=1e-5)
    page = read(run)
    assert f"similarity {result.lead.similarity:.2f}, call {result.lead.best.call}" in page.text
    assert "Aligned to the lead" in page.text


def test_a_model_gives_a_map(found, trained):
    _, run = found
    assert data_of(run)["maps"] == {}
    name = next(iter(data_of(run, model=trained[1])["maps"]))
    assert name.startswith("PCA")


def test_the_components_are_means_over_the_best_so_far():
    rows = [
        Evaluation("C" * call, score, {}, {"a": score, "b": 1 - score}, call)
        for call, score in enumerate([0.1, nan, *[0.5] * 10, 0.2], 1)
    ]
    first, second = components_of_best(rows)
    assert (first.label, second.label) == ("a", "b")
    assert first.x[0] == 1
    assert first.y[0] == pytest.approx(0.1)
    assert first.y[1] == pytest.approx(0.1)
    # The first molecule has left the ten best.
    assert first.y[-1] == pytest.approx(0.5)
    assert second.y[-1] == pytest.approx(0.5)


def test_the_shares_of_the_sources_add_up_to_one():
    calls, shares = source_shares(candidates(*[("prior", 1.0)] * 30, *[("graph", 1.0)] * 10))
    assert list(shares) == ["prior", "graph"]
    assert len(calls) == 20
    assert calls[0] == 1.5
    assert [sum(values) for values in zip(*shares.values(), strict=True)] == [1.0] * 20
    assert shares["graph"] == [0.0] * 15 + [1.0] * 5
