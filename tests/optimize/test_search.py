import csv
import json
import math
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from typing import get_args

import numpy as np
import pytest
from projection_model import NoMoleculeModel, OneMoleculeModel, ProjectionModel
from rdkit import Chem, DataStructs
from rdkit.Chem import QED, AllChem
from rdkit.Chem.Scaffolds import MurckoScaffold

from molvae.errors import ConfigError, ObjectiveError, RunError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Failure, Scores
from molvae.optimize.latent_model import LatentModel, model_mark
from molvae.optimize.methods import Blind, Method, SearchConfig
from molvae.optimize.result import StopReason
from molvae.optimize.search import search
from molvae.runs import RunDirectory

QUICK = {
    "method": "cma-es",
    "budget": 150,
    "batch_size": 10,
    "patience": 20,
    # Nobody asks whether what the stand-in decodes to could be made.
    "admission": {"rails": False},
    "cma_es": {"first_sample": 30, "population": 8, "patience": 4},
    "evolution": {"first_sample": 30, "elites": 16},
    "turbo": {"first_sample": 30, "window": 40, "candidates": 60, "fit_steps": 2},
}
MARKS = {Method.TURBO: pytest.mark.skipif(not find_spec("botorch"), reason="needs the extra opt")}
# Gradient ascent needs a model that predicts properties, which the stand-in does not.
METHODS = [pytest.param(one, marks=MARKS.get(one, ()), id=one) for one in get_args(Blind)]
TWO = [Method.CMA_ES, Method.RANDOM_WALK]
"""For what does not depend on the method."""


def config(**settings):
    return SearchConfig.parse({**QUICK, **settings})


def objective(**settings):
    tables = {"name": "qed", "component": [{"property": "qed"}], **settings}
    return ConfiguredObjective(ObjectiveConfig.parse_tables(tables))


def table(result):
    """All that a search found, comparable also where a score is NaN."""
    return [(one.call, one.smiles, str(one.score), one.round) for one in result.candidates]


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_it_spends_its_budget_on_distinct_molecules(self, method):
        result = search(ProjectionModel(), objective(), config(method=method))
        smiles = [one.smiles for one in result.candidates]
        assert result.stop is StopReason.BUDGET_SPENT
        assert len(smiles) == len(set(smiles)) == result.calls == 150
        assert sorted(one.call for one in result.candidates) == list(range(1, 151))

    def test_its_scores_are_those_of_the_molecules(self, method):
        result = search(ProjectionModel(), objective(), config(method=method, budget=40))
        for one in result.candidates:
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

    def test_it_ends_when_nothing_is_allowed(self, method):
        nothing = objective(where="heavy_atoms > 1000")
        result = search(ProjectionModel(latent_size=30), nothing, config(method=method, budget=999))
        assert result.stop is StopReason.NOTHING_SCORED
        assert result.best is None


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
    assert [row["smiles"] for row in rows] == [one.smiles for one in result.candidates]
    scores = [float(row["score"]) for row in rows if row["score"]]
    assert scores == sorted(scores, reverse=True)
    assert all(not row["score"] for row in rows if int(float(row["heavy_atoms"])) <= 2)
    summary = json.loads(run.summary.read_text())
    assert summary["stop"] == "the budget is spent"
    assert summary["calls"] == 150
    assert summary["best_score"] == result.best.score
    settings = json.loads(run.settings.read_text())
    assert settings["search"]["budget"] == 150
    assert settings["objective"]["where"] == "heavy_atoms > 2"
    assert json.loads(run.provenance.read_text())["seed"] == 0


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
    unscored = [one.smiles for one in result.candidates if np.isnan(one.score)]
    assert sorted(row["smiles"] for row in rows) == sorted(unscored) != []
    assert {(row["component"], row["reason"]) for row in rows} == {("count", "crashed")}


def test_the_journal_keeps_where_each_molecule_was_decoded(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    model = ProjectionModel()
    result = search(model, objective(), config(budget=40), run)
    with closing(sqlite3.connect(run.journal)) as connection:
        rows = connection.execute("SELECT smiles, point FROM scores").fetchall()
    points = np.stack([np.frombuffer(point, "<f4") for _, point in rows])
    assert [one.smiles for one in model.decode(points)] == [smiles for smiles, _ in rows]
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
        calls = sum(one.round == 1 for one in first_round.candidates)
        run = RunDirectory.create(tmp_path / "one round")
        search(ProjectionModel(), objective(), config(budget=calls), run)
        expected = run.summary.read_bytes()
        # What a kill between the scores and the optimiser's state leaves behind.
        with closing(sqlite3.connect(run.journal, isolation_level=None)) as connection:
            connection.execute("DELETE FROM progress")
        search(ProjectionModel(), objective(), config(budget=calls), run, resume=True)
        assert run.summary.read_bytes() == expected

    def test_a_search_that_is_there_is_not_written_over(self, run):
        with pytest.raises(RunError, match="--resume"):
            search(ProjectionModel(), objective(), config(), run)

    @pytest.mark.parametrize(
        ("model", "goal", "settings", "message"),
        [
            (ProjectionModel(seed=1), objective(), {}, "model was"),
            (ProjectionModel(latent_size=9), objective(), {}, "model was"),
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
        scores = [one.score for one in sorted(result.candidates, key=lambda one: one.call)[:calls]]
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


class Alkanes(ProjectionModel):
    """Decodes to unbranched chains, most of them of carbon alone."""

    def __init__(self):
        super().__init__(positions=40, symbols=("[C]",) * 60 + ("[O]",))


class TestGuardRails:
    LOGP = objective(name="penalised logP", component=[{"property": "penalized_logp"}])

    @staticmethod
    def longest_run_of_carbon(result):
        return max(len(run) for one in result.candidates for run in one.smiles.split("O"))

    def test_chains_of_carbon_win_penalised_logp_without_them_only(self):
        settings = {"budget": 60, "patience": 3}
        free = search(Alkanes(), self.LOGP, config(**settings))
        assert self.longest_run_of_carbon(free) == 40
        assert free.best.score > 10
        railed = search(Alkanes(), self.LOGP, config(**settings, admission={}))
        assert railed.stop is StopReason.NOTHING_ADMITTED
        assert railed.best is None

    def test_a_search_with_them_scores_what_is_within_them(self):
        chosen = config(budget=40, admission={"limits": {"max_heavy_atoms": 6}})
        result = search(ProjectionModel(), self.LOGP, chosen)
        sizes = [Chem.MolFromSmiles(one.smiles).GetNumAtoms() for one in result.candidates]
        assert max(sizes) == 6
        assert result.refused["too many heavy atoms"] > 0

    def test_the_summary_tells_them_and_what_they_refused(self):
        chosen = config(budget=40, admission={"limits": {"max_sa": 5}})
        summary = search(ProjectionModel(), objective(), chosen).summary()
        assert (summary["rails"]["max_sa"], summary["rails"]["alerts"]) == (5, ["pains"])
        assert summary["refused"]["too hard to make"] > 0
        counts = list(summary["refused"].values())
        assert counts == sorted(counts, reverse=True)
        assert search(ProjectionModel(), objective(), config(budget=9)).summary()["rails"] is None


class NotingObjective:
    """The number of atoms; notes what it is asked for, and fails when it was asked too often."""

    columns = ("atoms",)
    description = {"name": "atoms"}  # noqa: RUF012

    def __init__(self, asked, limit=math.inf):
        self._asked = asked
        self._limit = limit

    def score(self, molecules):
        if len(self._asked) + len(molecules) > self._limit:
            raise ObjectiveError("out of order")
        self._asked += [one.smiles for one in molecules]
        atoms = np.array([float(one.heavy_atoms) for one in molecules])
        return Scores(atoms, {"atoms": atoms}, {})


def test_what_is_refused_costs_no_call_and_never_reaches_the_objective():
    asked = []
    chosen = config(budget=60, admission={"rails": False, "keep": ["N"], "avoid": ["O"]})
    result = search(ProjectionModel(), NotingObjective(asked), chosen)
    assert len(asked) == result.calls == 60
    assert all("N" in smiles and "O" not in smiles for smiles in asked)
    assert set(result.refused) == {"pattern missing", "unwanted pattern"}
    refused = sum(result.refused.values())
    assert result.undecodable + refused + result.repeats + result.calls <= result.proposed + 10


def test_a_search_ends_when_nothing_that_may_be_scored_comes():
    chosen = config(admission={"rails": False, "keep": ["[Au]"], "avoid": ["N"]})
    result = search(ProjectionModel(), objective(), chosen)
    assert result.stop is StopReason.NOTHING_ADMITTED
    assert (result.calls, result.rounds) == (0, 20)
    refused = sum(result.refused.values())
    assert result.undecodable + refused == result.proposed == 200
    assert f"{refused} of 200 proposals were refused: pattern missing (ask" in result.advice
    assert result.summary()["advice"] == result.advice


def test_settings_that_contradict_each_other_leave_no_file(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(ConfigError, match="--lead"):
        search(ProjectionModel(), objective(), config(admission={"min_similarity": 0.4}), run)
    assert list(run.path.iterdir()) == []


LEAD_POINT = ProjectionModel().prior_points(9, np.random.default_rng(0))[8:]
LEAD = ProjectionModel().decode(LEAD_POINT)[0]


class LeadModel(ProjectionModel):
    """Knows the code of the lead, and of no other molecule."""

    def encode(self, molecules):
        assert set(molecules) == {LEAD}
        return np.repeat(LEAD_POINT, len(molecules), axis=0).astype(np.float32)


def similarity(smiles, other):
    generator = AllChem.GetMorganGenerator(radius=2, fpSize=2048)
    bits = [generator.GetFingerprint(Chem.MolFromSmiles(one)) for one in (smiles, other)]
    return DataStructs.TanimotoSimilarity(*bits)


@pytest.mark.parametrize("method", TWO)
class TestLeads:
    ADMISSION = {"lead": LEAD.smiles, "min_similarity": 0.3, "rails": False}  # noqa: RUF012

    def found(self, method, **settings):
        admission = {**self.ADMISSION, **settings}
        chosen = config(method=method, budget=60, patience=12, admission=admission)
        return search(LeadModel(), objective(), chosen)

    def test_no_scored_molecule_is_less_similar_than_was_asked_for(self, method):
        result = self.found(method)
        assert result.calls > 5
        assert all(similarity(one.smiles, LEAD.smiles) >= 0.3 for one in result.candidates)
        assert result.refused["too unlike the lead"] > 0

    def test_the_lead_is_scored_first_and_the_improvement_over_it_told(self, method):
        result = self.found(method)
        first = min(result.candidates, key=lambda one: one.call)
        assert (first.smiles, first.source, first.round) == (LEAD.smiles, "lead", 1)
        assert [one.source for one in result.candidates].count("lead") == 1
        best = max((one for one in result.candidates if one != first), key=lambda one: one.score)
        told = result.summary()["lead"]
        assert told["smiles"] == LEAD.smiles
        assert told["score"] == pytest.approx(QED.qed(Chem.MolFromSmiles(LEAD.smiles)))
        assert (told["best_smiles"], told["best_score"]) == (best.smiles, best.score)
        assert told["improvement"] == pytest.approx(best.score - told["score"])
        assert told["similarity"] == pytest.approx(similarity(best.smiles, LEAD.smiles))
        assert told["objection"] is None

    def test_what_is_worse_than_the_lead_is_told_as_such(self, method):
        likeness = {"measure": {"kind": "similarity", "smiles": LEAD.smiles}}
        chosen = config(method=method, budget=30, admission={"rails": False, "lead": LEAD.smiles})
        told = search(LeadModel(), objective(component=[likeness]), chosen).summary()["lead"]
        assert told["score"] == 1
        assert told["best_smiles"] != LEAD.smiles
        assert told["improvement"] == pytest.approx(told["best_score"] - 1)
        assert told["improvement"] < 0

    def test_a_lead_that_would_be_refused_is_scored_and_that_is_told(self, method):
        element = next(letter for letter in "NOFP" if letter in LEAD.smiles)
        result = self.found(method, avoid=[element])
        assert result.lead.objection == "unwanted pattern"
        others = [one for one in result.candidates if one.source != "lead"]
        assert others
        assert all(element not in one.smiles for one in others)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_begins_round_its_lead(method):
    near, far = (
        search(
            LeadModel(),
            objective(),
            config(method=method, budget=30, lead_scale=0.3, admission=admission),
        )
        for admission in ({"rails": False, "lead": LEAD.smiles}, {"rails": False})
    )
    near, far = (
        np.mean([similarity(one.smiles, LEAD.smiles) for one in result.candidates[:30]])
        for result in (near, far)
    )
    assert near > far + 0.05


def test_scaffolds_that_are_full_are_not_scored_again():
    chosen = config(budget=80, admission={"rails": False, "scaffold_bucket": 3})
    result = search(ProjectionModel(), objective(), chosen)
    by_scaffold = {}
    for one in sorted(result.candidates, key=lambda one: one.call):
        scaffold = MurckoScaffold.MurckoScaffoldSmiles(one.smiles)
        by_scaffold.setdefault(scaffold, []).append(one.round)
    # A bucket overflows only within the round that fills it.
    assert all(set(rounds[3:]) <= {*rounds[2:3]} for rounds in by_scaffold.values())
    assert result.refused["scaffold met too often"] > 0


@pytest.mark.parametrize("method", TWO)
def test_a_method_from_which_repeats_are_hidden_goes_another_way(method):
    shown, hidden = (
        search(
            ProjectionModel(),
            objective(),
            config(method=method, admission={"rails": False, "hide_repeats": hide}),
        )
        for hide in (False, True)
    )
    assert table(shown) != table(hidden)


@pytest.mark.parametrize("method", TWO)
@pytest.mark.parametrize(
    "admission",
    [
        {"lead": LEAD.smiles, "min_similarity": 0.1, "limits": {"max_sa": 9}},
        {"rails": False, "scaffold_bucket": 20, "scaffold_threshold": 4.0, "hide_repeats": True},
    ],
)
def test_a_search_broken_off_in_a_round_ends_as_an_undisturbed_one(tmp_path, method, admission):
    chosen = config(method=method, budget=70, at_once=3, patience=12, admission=admission)
    undisturbed = RunDirectory.create(tmp_path / "undisturbed")
    whole = []
    search(LeadModel(), NotingObjective(whole), chosen, undisturbed)
    run, asked = RunDirectory.create(tmp_path / "run"), []
    for limit in (1, 4, 9, 14, len(whole) - 1):
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
    result = search(ProjectionModel(), objective(where="heavy_atoms > 1000"), config(budget=20))
    assert all(math.isnan(one.score) for one in result.candidates)
    assert result.calls == 20


def test_the_stand_in_is_a_latent_model():
    assert isinstance(ProjectionModel(), LatentModel)


def test_models_are_told_apart_by_what_they_decode():
    assert model_mark(ProjectionModel()) == model_mark(ProjectionModel())
    assert model_mark(ProjectionModel()) != model_mark(ProjectionModel(seed=1))
