import csv

import numpy as np
import pytest
from projection_model import ProjectionModel
from quick_search import strategy_of

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.combined_search import CombinedSearch
from molvae.optimize.constraints_config import ConstraintsConfig
from molvae.optimize.journal import Journal
from molvae.optimize.many_goals import ManyGoals, Rescorable
from molvae.optimize.methods import SearchConfig
from molvae.optimize.oracle import Oracle
from molvae.optimize.search import search
from molvae.optimize.state import State
from molvae.runs import RunDirectory

TWO = [
    {"property": "heavy_atoms", "desirability": {"kind": "linear", "low": 0.0, "high": 12.0}},
    {"property": "logp", "desirability": {"kind": "linear", "low": 3.0, "high": -3.0}},
]


def objective(components):
    return ConfiguredObjective(
        ObjectiveConfig.parse_tables({"name": "goals", "component": components})
    )


def config(**changes):
    values = {"method": "random-walk", "budget": 150, "pareto": True, "seed": 2, **changes}
    return SearchConfig(constraints=ConstraintsConfig(guardrails=False), **values)


def test_the_front_is_what_nothing_beats(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    result = search(ProjectionModel(), objective(TWO), config(), run)
    values = {one.smiles: np.array([*one.desirabilities.values()]) for one in result.evaluations}
    for one in result.front.evaluations:
        mine = values[one.smiles]
        assert not any((v >= mine).all() and (v > mine).any() for v in values.values())
    for smiles, mine in values.items():
        if smiles not in {one.smiles for one in result.front.evaluations}:
            assert any((v >= mine).all() and (v > mine).any() for v in values.values())
    volumes = [volume for _, volume in result.front.curve]
    assert volumes == sorted(volumes)
    assert result.front.curve[-1][0] == 150
    rows = list(csv.DictReader(run.front.read_text().splitlines()))
    assert [row["smiles"] for row in rows] == [one.smiles for one in result.front.evaluations]


class Listener:
    """Proposes the same three molecules each round, and keeps what it hears of them."""

    def __init__(self):
        self.heard = []

    def ask(self, n):
        return [Candidate.of(Molecule.parse(one)) for one in ("CCO", "CCCCCC", "CCCCN")]

    @property
    def initial_calls(self):
        return 7

    def tell(self, proposals, scores):
        self.heard.append(scores)

    def state(self):
        return State()

    def restore(self, state):
        pass


def test_each_round_weighs_the_goals_anew():
    listener = Listener()
    with Journal.open(None, {}) as journal:
        oracle = Oracle(objective(TWO), journal, 10, 10)
        goals = ManyGoals(listener, oracle, seed=4)
        for number in range(3):
            proposals = goals.ask(3)
            goals.tell(proposals, oracle.evaluate(proposals, number + 1).scores)
        found = oracle.evaluations(["CCO", "CCCCCC", "CCCCN"])
    values = np.array([[*one.desirabilities.values()] for one in found])
    for number, heard in enumerate(listener.heard):
        weights = np.random.default_rng([4, number]).dirichlet(np.ones(2))
        # Knowles 2006, with what is missing to 1 in the place of a cost.
        missing = weights * (1 - values)
        expected = -(missing.max(axis=1) + 0.05 * missing.sum(axis=1))
        np.testing.assert_allclose(heard, expected)
    assert not np.allclose(listener.heard[0], listener.heard[1])


def test_a_resumed_search_finds_the_same_front(tmp_path):
    whole = search(ProjectionModel(), objective(TWO), config())
    run = RunDirectory.create(tmp_path / "run")
    for budget in (40, 90, 150):
        again = search(
            ProjectionModel(), objective(TWO), config(budget=budget), run, resume=budget > 40
        )
    assert again.front == whole.front


def test_one_component_has_no_front(tmp_path):
    with pytest.raises(ConfigError, match=r"two components or more, got 1.*`pareto`"):
        search(ProjectionModel(), objective([{"property": "qed"}]), config())


def test_the_combined_search_hears_all_scores_anew(tiny_model):
    strategy = strategy_of(SearchConfig(), tiny_model)
    assert isinstance(strategy, CombinedSearch)
    assert isinstance(strategy, Rescorable)
