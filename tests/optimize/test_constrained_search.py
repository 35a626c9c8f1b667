import numpy as np
import pytest
from projection_model import LEAD, LeadModel, ProjectionModel
from quick_search import METHODS, TWO, NotingObjective, config, objective
from rdkit import Chem, DataStructs
from rdkit.Chem import QED, AllChem

from molvae.errors import ConfigError
from molvae.optimize.lead import reconstruct
from molvae.optimize.result import StopReason
from molvae.optimize.search import search
from molvae.runs import RunDirectory


class Alkanes(ProjectionModel):
    """Decodes to unbranched chains, most of them of carbon alone."""

    def __init__(self):
        super().__init__(positions=40, symbols=("[C]",) * 60 + ("[O]",))


class TestGuardRails:
    LOGP = objective(name="penalised logP", component=[{"property": "penalized_logp"}])

    @staticmethod
    def longest_run_of_carbon(result):
        return max(len(run) for one in result.evaluations for run in one.smiles.split("O"))

    def test_chains_of_carbon_win_penalised_logp_without_them_only(self):
        settings = {"budget": 60, "patience": 3}
        free = search(Alkanes(), self.LOGP, config(**settings))
        assert self.longest_run_of_carbon(free) == 40
        assert free.best.score > 10
        railed = search(Alkanes(), self.LOGP, config(**settings, constraints={}))
        assert railed.stop is StopReason.NOTHING_ADMITTED
        assert railed.best is None

    def test_a_search_with_them_scores_what_is_within_them(self):
        chosen = config(budget=40, constraints={"limits": {"max_heavy_atoms": 6}})
        result = search(ProjectionModel(), self.LOGP, chosen)
        sizes = [Chem.MolFromSmiles(one.smiles).GetNumAtoms() for one in result.evaluations]
        assert max(sizes) == 6
        assert result.rejected["too many heavy atoms"] > 0

    def test_the_summary_tells_them_and_what_they_refused(self):
        chosen = config(budget=40, constraints={"limits": {"max_sa": 5}})
        summary = search(ProjectionModel(), objective(), chosen).summary()
        assert (summary["guardrails"]["max_sa"], summary["guardrails"]["alerts"]) == (5, ["pains"])
        assert summary["rejected"]["too hard to synthesize"] > 0
        counts = list(summary["rejected"].values())
        assert counts == sorted(counts, reverse=True)
        assert (
            search(ProjectionModel(), objective(), config(budget=9)).summary()["guardrails"] is None
        )


def test_what_is_refused_costs_no_call_and_never_reaches_the_objective():
    asked = []
    chosen = config(budget=60, constraints={"guardrails": False, "keep": ["N"], "avoid": ["O"]})
    result = search(ProjectionModel(), NotingObjective(asked), chosen)
    assert len(asked) == result.calls == 60
    assert all("N" in smiles and "O" not in smiles for smiles in asked)
    assert set(result.rejected) == {"required pattern missing", "unwanted pattern"}
    refused = sum(result.rejected.values())
    assert result.undecodable + refused + result.repeats + result.calls <= result.proposed + 10


def test_a_search_ends_when_nothing_that_may_be_scored_comes():
    chosen = config(constraints={"guardrails": False, "keep": ["[Au]"], "avoid": ["N"]})
    result = search(ProjectionModel(), objective(), chosen)
    assert result.stop is StopReason.NOTHING_ADMITTED
    assert (result.calls, result.rounds) == (0, 20)
    refused = sum(result.rejected.values())
    assert result.undecodable + refused == result.proposed == 200
    assert f"{refused} of 200 proposals were rejected: required pattern missing (" in result.advice
    assert result.summary()["advice"] == result.advice


def test_settings_that_contradict_each_other_leave_no_file(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(ConfigError, match="`lead`"):
        search(ProjectionModel(), objective(), config(constraints={"min_similarity": 0.4}), run)
    assert list(run.path.iterdir()) == []


def similarity(smiles, other):
    generator = AllChem.GetMorganGenerator(radius=2, fpSize=2048)
    bits = [generator.GetFingerprint(Chem.MolFromSmiles(one)) for one in (smiles, other)]
    return DataStructs.TanimotoSimilarity(*bits)


@pytest.mark.parametrize("method", TWO)
class TestLeads:
    ADMISSION = {"lead": LEAD.smiles, "min_similarity": 0.3, "guardrails": False}  # noqa: RUF012

    def found(self, method, **settings):
        constraints = {**self.ADMISSION, **settings}
        chosen = config(method=method, budget=60, patience=12, constraints=constraints)
        return search(LeadModel(), objective(), chosen)

    def test_no_scored_molecule_is_less_similar_than_was_asked_for(self, method):
        result = self.found(method)
        assert result.calls > 5
        assert all(similarity(one.smiles, LEAD.smiles) >= 0.3 for one in result.evaluations)
        assert result.rejected["too dissimilar to the lead"] > 0

    def test_the_lead_is_scored_first_and_the_improvement_over_it_told(self, method):
        result = self.found(method)
        first = min(result.evaluations, key=lambda one: one.call)
        assert (first.smiles, first.source, first.round) == (LEAD.smiles, "lead", 1)
        assert [one.source for one in result.evaluations].count("lead") == 1
        best = max((one for one in result.evaluations if one != first), key=lambda one: one.score)
        told = result.summary()["lead"]
        assert told["smiles"] == LEAD.smiles
        assert told["score"] == pytest.approx(QED.qed(Chem.MolFromSmiles(LEAD.smiles)))
        assert (told["best_smiles"], told["best_score"]) == (best.smiles, best.score)
        assert told["improvement"] == pytest.approx(best.score - told["score"])
        assert told["similarity"] == pytest.approx(similarity(best.smiles, LEAD.smiles))
        assert told["violation"] is None

    def test_what_is_worse_than_the_lead_is_told_as_such(self, method):
        likeness = {"measure": {"kind": "similarity", "smiles": LEAD.smiles}}
        chosen = config(
            method=method, budget=30, constraints={"guardrails": False, "lead": LEAD.smiles}
        )
        told = search(LeadModel(), objective(component=[likeness]), chosen).summary()["lead"]
        assert told["score"] == 1
        assert told["best_smiles"] != LEAD.smiles
        assert told["improvement"] == pytest.approx(told["best_score"] - 1)
        assert told["improvement"] < 0

    def test_a_lead_that_would_be_refused_is_scored_and_that_is_told(self, method):
        element = next(letter for letter in "NOFP" if letter in LEAD.smiles)
        result = self.found(method, avoid=[element])
        assert result.lead.violation == "unwanted pattern"
        others = [one for one in result.evaluations if one.source != "lead"]
        assert others
        assert all(element not in one.smiles for one in others)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_begins_round_its_lead(method):
    near, far = (
        search(
            LeadModel(),
            objective(),
            config(method=method, budget=30, lead_scale=0.3, constraints=constraints),
        )
        for constraints in ({"guardrails": False, "lead": LEAD.smiles}, {"guardrails": False})
    )
    near, far = (
        np.mean([similarity(one.smiles, LEAD.smiles) for one in result.evaluations[:30]])
        for result in (near, far)
    )
    assert near > far + 0.05


def test_conditions_of_the_objective_cost_no_call_and_are_named_for_the_lead():
    small = objective(where="heavy_atoms <= 5")
    assert LEAD.heavy_atoms > 5
    chosen = config(
        method="random", budget=20, constraints={"guardrails": False, "lead": LEAD.smiles}
    )
    result = search(LeadModel(), small, chosen)
    assert "heavy_atoms <= 5" in result.lead.violation
    assert result.rejected[result.lead.violation] > 0
    others = [row for row in result.evaluations if row.source != "lead"]
    assert others
    assert all(Chem.MolFromSmiles(row.smiles).GetNumAtoms() <= 5 for row in others)


def test_a_lead_that_the_model_cannot_reconstruct_is_reported_with_the_similarity():
    class Forgetful(LeadModel):
        def neighbors(self, molecules, scale, generator):
            return super().neighbors(molecules, scale, generator) * (-1.0)

    exact = reconstruct(LeadModel(), LEAD)
    assert exact.is_exact
    lost = reconstruct(Forgetful(), LEAD)
    assert not lost.is_exact
    assert lost.similarity < 1.0
    assert f"{lost.similarity:.2f}" in str(lost) or lost.smiles is None
    chosen = config(
        method="random", budget=5, constraints={"guardrails": False, "lead": LEAD.smiles}
    )
    summary = search(Forgetful(), objective(), chosen).summary()
    assert summary["lead"]["reconstruction"]["is_exact"] is False
