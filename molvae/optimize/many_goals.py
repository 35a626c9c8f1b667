"""ManyGoals: a search for a whole Pareto front, by weights of the goals that change each round."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from molvae.errors import ConfigError
from molvae.objectives.objective import Objective
from molvae.optimize.constraints import Violation
from molvae.optimize.oracle import Oracle
from molvae.optimize.pareto import chebyshev, random_weights
from molvae.optimize.result import Evaluation, goal_values
from molvae.optimize.state import State
from molvae.optimize.strategy import Proposal, Strategy


@runtime_checkable
class Rescorable(Protocol):
    """A strategy that remembers scores, and can be told others for what it has met."""

    def rescore(self, scores: Mapping[str, float]) -> None:
        """Scores by SMILES, in the place of those that were learned."""
        ...


class ManyGoals:
    """Lets a strategy look for another part of the front each round.

    A round has weights of its own, drawn from the seed and its number, and the strategy hears the
    augmented Chebyshev score of the desirabilities under them (ParEGO, Knowles 2006).
    """

    def __init__(self, strategy: Strategy, oracle: Oracle, seed: int) -> None:
        self._strategy = strategy
        self._oracle = oracle
        self._seed = seed
        self._round = 0
        self._met: list[str] = []

    def propose(self, n: int) -> Sequence[Proposal]:
        if isinstance(self._strategy, Rescorable) and self._met:
            met = self._oracle.found(self._met)
            self._strategy.rescore(dict(zip(self._met, self._scores(met), strict=True)))
        return self._strategy.propose(n)

    def left_out(self) -> Mapping[Violation, int]:
        return self._strategy.left_out()

    def learn(
        self, proposals: Sequence[Proposal], scores: Float64[np.ndarray, " proposal"]
    ) -> None:
        heard = scores.copy()
        places = np.flatnonzero(~np.isnan(scores))
        smiles = [one.molecule.smiles if one.molecule else "" for one in proposals]
        found = self._oracle.found([smiles[place] for place in places])
        if found:
            heard[places] = self._scores(found)
        self._strategy.learn(proposals, heard)
        self._met = list(dict.fromkeys([*self._met, *(smiles[place] for place in places)]))
        self._round += 1

    def state(self) -> State:
        inner = self._strategy.state()
        values = {"round": self._round, "met": self._met, "inner": dict(inner.values)}
        return State(values, inner.arrays)

    def restore(self, state: State) -> None:
        self._round, self._met = state.values["round"], list(state.values["met"])
        self._strategy.restore(State(state.values["inner"], state.arrays))

    def _scores(self, found: Sequence[Evaluation]) -> list[float]:
        values = goal_values(found)
        generator = np.random.default_rng([self._seed, self._round])
        scores: list[float] = chebyshev(values, random_weights(values.shape[1], generator)).tolist()
        return scores


def check_goals(objective: Objective) -> None:
    """See that an objective has goals to weigh against each other.

    Raises:
        ConfigError: it has fewer than two.
    """
    components = objective.description.get("component")
    count = len(components) if isinstance(components, list) else 0
    if count < 2:
        raise ConfigError(
            f"a Pareto front needs an objective of two components or more, got {count}; "
            "add a [[component]] or leave out `pareto`"
        )
