"""The promises of every strategy, the default method and a search for a Pareto front included."""

from importlib.util import find_spec

import numpy as np
import pytest
from projection_model import ProjectionModel
from quick_search import QUICK, objective, strategy_of

from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.journal import Journal
from molvae.optimize.many_goals import ManyGoals
from molvae.optimize.methods import Method, SearchConfig
from molvae.optimize.oracle import Oracle
from molvae.optimize.state import State
from molvae.optimize.strategy import Strategy

SMALL = {
    "combined": {"start": 8, "children": 16, "generations": 2, "workers": 1, "min_batch": 8},
    "gradient": {"steps": 2, "stops": 2},
}
TWO = {
    "name": "two",
    "component": [
        {"property": "qed", "desirability": {"kind": "linear", "low": 0.0, "high": 1.0}},
        {"property": "heavy_atoms", "desirability": {"kind": "linear", "low": 0.0, "high": 30.0}},
    ],
}
NETWORK_METHODS = {Method.COMBINED, Method.GRADIENT}
MARKS = {Method.TURBO: pytest.mark.skipif(not find_spec("botorch"), reason="needs the extra opt")}
ALL = [pytest.param(method, marks=MARKS.get(method, ()), id=method) for method in Method]


@pytest.fixture(scope="module")
def make(tiny_model):
    """Builds the strategy of a method, a search for many goals where its name is "pareto"."""

    def build(name, seed):
        method = Method.RANDOM_WALK if name == "pareto" else Method(name)
        config = SearchConfig.parse({**QUICK, **SMALL, "method": method, "seed": seed})
        model = tiny_model if method in NETWORK_METHODS else ProjectionModel()
        strategy = strategy_of(config, model, objective())
        if name != "pareto":
            return strategy, None
        goals = ConfiguredObjective(ObjectiveConfig.parse_tables(TWO))
        oracle = Oracle(goals, Journal.open(None, {}), 10_000, 100)
        return ManyGoals(strategy, oracle, seed), oracle

    return build


def run(made, rounds):
    """SMILES asked for in these rounds; the score is the size of the molecule."""
    strategy, oracle = made
    asked = []
    for _ in range(rounds):
        candidates = strategy.ask(6)
        assert len(candidates) <= 6
        sizes = [row.molecule.heavy_atoms if row.molecule else np.nan for row in candidates]
        scores = np.array(sizes, dtype=np.float64)
        if oracle is not None:
            scores = oracle.evaluate(candidates, 1).scores
        strategy.tell(candidates, scores)
        asked += [row.smiles for row in candidates]
    return asked


@pytest.mark.parametrize("name", [*ALL, "pareto"])
class TestEachStrategy:
    def test_it_implements_the_protocol(self, make, name):
        strategy, _ = make(name, 0)
        assert isinstance(strategy, Strategy)
        assert strategy.initial_calls >= 0

    def test_candidates_carry_the_smiles_of_their_molecule(self, make, name):
        strategy, _ = make(name, 0)
        for candidate in strategy.ask(6):
            assert candidate.smiles == (candidate.molecule and candidate.molecule.smiles)
            assert candidate.source

    def test_a_strategy_restored_from_bytes_continues_bit_for_bit(self, make, name):
        undisturbed = make(name, 1)
        run(undisturbed, 4)
        state = undisturbed[0].state()
        restored, oracle = make(name, 2)
        if oracle is not None:
            oracle = undisturbed[1]
            restored = ManyGoals(make(Method.RANDOM_WALK, 2)[0], oracle, 1)
        restored.restore(State.from_bytes(state.to_bytes()))
        assert run((restored, oracle), 3) == run(undisturbed, 3)
