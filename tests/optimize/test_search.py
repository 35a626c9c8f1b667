import csv
import json
import math
import sqlite3
from contextlib import closing
from copy import deepcopy

import numpy as np
import pytest
import torch
from projection_model import LEAD, LeadModel, NoMoleculeModel, OneMoleculeModel, ProjectionModel
from quick_search import METHODS, TWO, NotingObjective, config, objective, table
from rdkit import Chem
from rdkit.Chem import QED
from rdkit.Chem.Scaffolds import MurckoScaffold

from molvae.errors import ConfigError, ObjectiveError, RunError
from molvae.objectives.objective import Failure, Scores
from molvae.optimize.latent_model import LatentModel, model_digest
from molvae.optimize.methods import Method, SearchConfig
from molvae.optimize.result import StopReason
from molvae.optimize.search import search
from molvae.runs import RunDirectory


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_it_spends_its_budget_on_distinct_molecules(self, method):
        result = search(ProjectionModel(), objective(), config(method=method))
        smiles = [one.smiles for one in result.evaluations]
        assert result.stop is StopReason.BUDGET_SPENT
        assert len(smiles) == len(set(smiles)) == result.calls == 150
        assert sorted(one.call for one in result.evaluations) == list(range(1, 151))

    def test_its_scores_are_those_of_the_molecules(self, method):
        result = search(ProjectionModel(), objective(), config(method=method, budget=40))
        for one in result.evaluations:
            assert Chem.CanonSmiles(one.smiles) == one.smiles
            assert one.score == pytest.approx(QED.qed(Chem.MolFromSmiles(one.smiles)))

    def test_equal_seeds_find_equal_molecules(self, method):
        first, second = (
            search(ProjectionModel(), objective(), config(method=method, seed=4)) for _ in range(2)
        )
        assert table(first) == table(second)
        other = search(ProjectionModel(), objective(), config(method=method, seed=5))
        assert table(first) != table(other)

    @pytest.mark.parametrize(
        ("model", "calls", "reason"),
        [
            (NoMoleculeModel(), 0, StopReason.NOTHING_DECODES),
            (OneMoleculeModel(), 1, StopReason.NOTHING_NEW),
            # Two symbols at two places spell five molecules at most.
            (ProjectionModel(positions=2, symbols=("[C]", "[N]")), 3, StopReason.NOTHING_NEW),
        ],
    )
    def test_it_ends_when_nothing_new_comes(self, method, model, calls, reason):
        result = search(model, objective(), config(method=method))
        assert result.stop is reason
        assert result.calls == calls
        assert result.undecodable + result.repeats + calls == result.proposed

    def test_it_ends_when_no_molecule_meets_the_conditions_of_the_objective(self, method):
        impossible = objective(where="heavy_atoms > 1000")
        result = search(
            ProjectionModel(latent_size=30), impossible, config(method=method, budget=999)
        )
        assert result.stop is StopReason.NOTHING_ADMITTED
        assert result.calls == 0
        assert "breaks 'heavy_atoms > 1000'" in result.rejected


@pytest.mark.slow
def test_the_learning_methods_beat_random_at_equal_budget():
    model, budget = ProjectionModel(latent_size=16, positions=20), 400
    found = {
        method: np.mean(
            [
                search(model, objective(), config(method=method, seed=seed, budget=budget)).scores
                for seed in range(3)
            ],
            axis=0,
        )
        for method in (Method.CMA_ES, Method.RANDOM_WALK, Method.RANDOM)
    }
    top = {method: np.sort(scores)[-10:].mean() for method, scores in found.items()}
    assert top[Method.CMA_ES] > top[Method.RANDOM]
    assert top[Method.RANDOM_WALK] > top[Method.RANDOM]


def test_a_run_directory_tells_all_of_the_search(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    chosen = objective(where="heavy_atoms > 2")
    result = search(ProjectionModel(), chosen, config(), run)
    rows = list(csv.DictReader(run.candidates.read_text().splitlines()))
    assert list(rows[0]) == ["smiles", "score", "qed", "heavy_atoms", "call", "source"]
    assert [row["smiles"] for row in rows] == [one.smiles for one in result.evaluations]
    scores = [float(row["score"]) for row in rows if row["score"]]
    assert scores == sorted(scores, reverse=True)
    assert all(int(float(row["heavy_atoms"])) > 2 for row in rows)
    summary = json.loads(run.summary.read_text())
    assert summary["stop"] == "the budget is spent"
    assert summary["calls"] == 150
    assert summary["best_score"] == result.best.score
    settings = json.loads(run.settings.read_text())
    assert settings["search"]["budget"] == 150
    assert settings["objective"]["where"] == "heavy_atoms > 2"
    assert json.loads(run.provenance.read_text())["seed"] == 0


class UnscoredObjective:
    """Has no score for any molecule."""

    columns = ("count",)
    description = {"name": "unscored"}  # noqa: RUF012

    def score(self, molecules):
        nothing = np.full(len(molecules), np.nan)
        return Scores(nothing, {"count": nothing}, {})


class FailingObjective:
    """Has no number for any molecule with a nitrogen."""

    columns = ("count",)
    description = {"name": "failing"}  # noqa: RUF012

    def score(self, molecules):
        total = np.array([np.nan if "N" in one.smiles else 1.0 for one in molecules])
        failures = [
            Failure(one.smiles, "count", "crashed") for one in molecules if "N" in one.smiles
        ]
        return Scores(total, {"count": total}, {}, tuple(failures))


def test_what_could_not_be_scored_is_kept_with_its_reason(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    result = search(ProjectionModel(), FailingObjective(), config(), run)
    rows = list(csv.DictReader(run.failures.read_text().splitlines()))
    unscored = [one.smiles for one in result.evaluations if np.isnan(one.score)]
    assert sorted(row["smiles"] for row in rows) == sorted(unscored) != []
    assert {(row["component"], row["reason"]) for row in rows} == {("count", "crashed")}


def test_the_journal_keeps_where_each_molecule_was_decoded(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    model = ProjectionModel()
    result = search(model, objective(), config(budget=40), run)
    with closing(sqlite3.connect(run.journal)) as connection:
        rows = connection.execute("SELECT smiles, latent FROM scores").fetchall()
    latents = np.stack([np.frombuffer(z, "<f4") for _, z in rows])
    assert [one.smiles for one in model.decode(latents)] == [smiles for smiles, _ in rows]
    assert len(rows) == result.calls


class TestResuming:
    @pytest.fixture
    def run(self, tmp_path):
        run = RunDirectory.create(tmp_path / "run")
        search(ProjectionModel(), objective(), config(), run)
        return run

    def test_a_finished_search_stays_as_it_is(self, run):
        before = (run.candidates.read_bytes(), run.summary.read_bytes())
        search(ProjectionModel(), objective(), config(), run, resume=True)
        assert (run.candidates.read_bytes(), run.summary.read_bytes()) == before

    @pytest.mark.parametrize("method", METHODS)
    def test_a_larger_budget_ends_as_if_it_had_been_there_from_the_start(self, tmp_path, method):
        run = RunDirectory.create(tmp_path / "grown")
        # 33 ends a round in its middle, 60 may end one with its last molecule.
        for budget in (33, 60, 150):
            chosen = config(method=method, budget=budget)
            grown = search(ProjectionModel(), objective(), chosen, run, resume=run.journal.exists())
        at_once = search(ProjectionModel(), objective(), config(method=method))
        assert table(grown) == table(at_once)
        assert (grown.rounds, grown.repeats) == (at_once.rounds, at_once.repeats)
        assert json.loads(run.settings.read_text())["search"]["budget"] == 150

    def test_a_round_killed_after_its_last_call_is_finished(self, tmp_path):
        first_round = search(ProjectionModel(), objective(), config())
        calls = sum(one.round == 1 for one in first_round.evaluations)
        run = RunDirectory.create(tmp_path / "one round")
        search(ProjectionModel(), objective(), config(budget=calls), run)
        expected = run.summary.read_bytes()
        # What a kill between the scores and the optimiser's state leaves behind.
        with closing(sqlite3.connect(run.journal, isolation_level=None)) as connection:
            connection.executescript("DELETE FROM progress; DELETE FROM arrays")
        search(ProjectionModel(), objective(), config(budget=calls), run, resume=True)
        assert run.summary.read_bytes() == expected

    def test_a_search_that_is_there_is_not_written_over(self, run):
        with pytest.raises(RunError, match="`resume`"):
            search(ProjectionModel(), objective(), config(), run)

    @pytest.mark.parametrize(
        ("model", "goal", "settings", "message"),
        [
            (ProjectionModel(seed=1), objective(), {}, "the model was another"),
            (ProjectionModel(latent_size=9), objective(), {}, "the model was another"),
            (
                ProjectionModel(),
                objective(where="rings > 0"),
                {},
                "objective.where was None, now 'rings > 0'",
            ),
            (ProjectionModel(), objective(), {"seed": 1}, "search.seed was 0, now 1"),
            (
                ProjectionModel(),
                objective(),
                {"method": "random"},
                "search.method was 'cma-es', now 'random'",
            ),
        ],
    )
    def test_another_search_is_refused_by_name(self, run, model, goal, settings, message):
        before = {path.name: path.read_bytes() for path in (run.settings, run.candidates)}
        with pytest.raises(RunError, match=message):
            search(model, goal, config(**settings), run, resume=True)
        assert {path.name: path.read_bytes() for path in (run.settings, run.candidates)} == before

    def test_a_run_killed_before_its_journal_starts_from_the_beginning(self, run):
        expected = run.candidates.read_bytes()
        for path in (run.journal, run.candidates):
            path.unlink()
        search(ProjectionModel(), objective(), config(), run, resume=True)
        assert run.candidates.read_bytes() == expected


def test_a_search_ends_when_the_ten_best_are_good_enough_and_can_be_taken_further(tmp_path):
    def ten_best(result, calls=None):
        scores = [one.score for one in sorted(result.evaluations, key=lambda one: one.call)[:calls]]
        return np.mean(sorted(scores)[-10:])

    whole = search(ProjectionModel(), objective(), config())
    enough = float(ten_best(whole, 100))
    run = RunDirectory.create(tmp_path / "run")
    short = search(ProjectionModel(), objective(), config(enough=enough), run)
    assert short.stop is StopReason.ENOUGH
    assert 10 <= short.calls <= 100
    assert ten_best(short) >= enough > ten_best(short, short.calls - 10)
    on = search(ProjectionModel(), objective(), config(), run, resume=True)
    assert (on.stop, table(on)) == (whole.stop, table(whole))


def test_ten_calls_are_not_ten_scores():
    result = search(ProjectionModel(), FailingObjective(), config(method="random", enough=0.0))
    scored = sum(not math.isnan(one.score) for one in result.evaluations)
    assert result.stop is StopReason.ENOUGH
    assert 10 <= scored < result.calls


def test_scaffolds_that_are_full_are_not_scored_again():
    chosen = config(budget=80, constraints={"guardrails": False, "scaffold_bucket": 3})
    result = search(ProjectionModel(), objective(), chosen)
    by_scaffold = {}
    for one in sorted(result.evaluations, key=lambda one: one.call):
        scaffold = MurckoScaffold.MurckoScaffoldSmiles(one.smiles)
        by_scaffold.setdefault(scaffold, []).append(one.round)
    # A bucket overflows only within the round that fills it.
    assert all(set(rounds[3:]) <= {*rounds[2:3]} for rounds in by_scaffold.values())
    assert result.rejected["scaffold scored often enough"] > 0


@pytest.mark.parametrize("method", TWO)
def test_a_method_from_which_repeats_are_hidden_goes_another_way(method):
    shown, hidden = (
        search(
            ProjectionModel(),
            objective(),
            config(method=method, constraints={"guardrails": False, "hide_repeats": hide}),
        )
        for hide in (False, True)
    )
    assert table(shown) != table(hidden)


@pytest.mark.parametrize("method", TWO)
@pytest.mark.parametrize(
    "constraints",
    [
        {"lead": LEAD.smiles, "min_similarity": 0.1, "limits": {"max_sa": 9}},
        {
            "guardrails": False,
            "scaffold_bucket": 20,
            "scaffold_threshold": 4.0,
            "hide_repeats": True,
        },
    ],
)
def test_a_search_broken_off_in_a_round_ends_as_an_undisturbed_one(tmp_path, method, constraints):
    chosen = config(method=method, budget=70, at_once=3, patience=12, constraints=constraints)
    undisturbed = RunDirectory.create(tmp_path / "undisturbed")
    whole = []
    search(LeadModel(), NotingObjective(whole), chosen, undisturbed)
    run, asked = RunDirectory.create(tmp_path / "run"), []
    for limit in (1, 4, 9, len(whole) - 3, len(whole) - 1):
        failing = NotingObjective(asked, limit)
        with pytest.raises(ObjectiveError):
            search(LeadModel(), failing, chosen, run, resume=run.journal.exists())
    search(LeadModel(), NotingObjective(asked), chosen, run, resume=True)
    assert len(asked) == len(set(asked))
    assert run.candidates.read_bytes() == undisturbed.candidates.read_bytes()
    assert run.summary.read_bytes() == undisturbed.summary.read_bytes()


def test_an_unknown_setting_is_named():
    with pytest.raises(ConfigError, match="did you mean 'budget'"):
        SearchConfig.parse({"budgte": 3})
    with pytest.raises(ConfigError, match=r"cma_es\.sgima.*did you mean 'sigma'"):
        SearchConfig.parse({"cma_es": {"sgima": 3}})


def test_an_objective_without_any_score_gives_a_table_of_nan():
    result = search(ProjectionModel(), UnscoredObjective(), config(budget=20))
    assert all(math.isnan(one.score) for one in result.evaluations)
    assert result.calls == 20


def test_the_stand_in_is_a_latent_model():
    assert isinstance(ProjectionModel(), LatentModel)


def test_models_are_told_apart_by_what_they_decode():
    assert model_digest(ProjectionModel()) == model_digest(ProjectionModel())
    assert model_digest(ProjectionModel()) != model_digest(ProjectionModel(seed=1))


def test_models_are_told_apart_by_any_of_their_weights(tiny_model):
    other = deepcopy(tiny_model)
    assert model_digest(other) == model_digest(tiny_model)
    # What no decoding shows.
    with torch.no_grad():
        next(other.network.language_model.parameters()).view(-1)[0] += 0.5
    assert model_digest(other) != model_digest(tiny_model)


def test_the_mark_of_a_model_is_the_same_on_every_kind_of_processor(tiny_model, monkeypatch):
    marks = set()
    for is_half in False, True:
        monkeypatch.setattr("molvae.model.network.writes_in_bfloat16", lambda _, told=is_half: told)
        marks.add(model_digest(tiny_model))
    assert len(marks) == 1


def test_a_search_that_goes_on_is_not_resumed_beside_itself(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with run.lock(), pytest.raises(RunError, match="another process works on"):
        search(ProjectionModel(), objective(), config(), run, resume=True)
    assert not run.journal.exists()
