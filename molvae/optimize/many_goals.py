"""ManyGoals: a search for a whole Pareto front, by goal weights that change each round."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from molvae.errors import ConfigError
from molvae.objectives.objective import Objective
from molvae.optimize.candidate import Candidate
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.oracle import Oracle
from molvae.optimize.pareto import chebyshev, random_weights
from molvae.optimize.result import goal_values
from molvae.optimize.state import State
from molvae.optimize.strategy import Strategy


@runtime_checkable
class Rescorable(Protocol):
    """A strategy that remembers scores and accepts new ones for known molecules."""

    def rescore(self, scores: Mapping[str, float]) -> None:
        """Replace the scores of known molecules, given by SMILES."""
        ...


class ManyGoals:
    """Lets a strategy look for another part of the front each round.

    A round has its own weights, drawn from the seed and the round's number; the strategy is told
    the augmented Chebyshev score of the desirabilities under them (ParEGO, Knowles 2006).
    """

    def __init__(self, strategy: Strategy, oracle: Oracle, seed: int) -> None:
        self._strategy = strategy
        self._oracle = oracle
        self._seed = seed
        self._round = 0
        self._scored: list[str] = []

    @property
    def initial_calls(self) -> int:
        return self._strategy.initial_calls

    def ask(self, n: int) -> Sequence[Candidate]:
        if isinstance(self._strategy, Rescorable) and self._scored:
            scores = self._scores(self._oracle.evaluations(self._scored))
            self._strategy.rescore(dict(zip(self._scored, scores, strict=True)))
        return self._strategy.ask(n)

    def tell(
        self, candidates: Sequence[Candidate], scores: Float64[np.ndarray, " candidate"]
    ) -> None:
        weighted = scores.copy()
        rows = np.flatnonzero(~np.isnan(scores)).tolist()
        smiles = [candidates[row].smiles or "" for row in rows]
        if smiles:
            weighted[rows] = self._scores(self._oracle.evaluations(smiles))
        self._strategy.tell(candidates, weighted)
        self._scored = list(dict.fromkeys([*self._scored, *smiles]))
        self._round += 1

    def state(self) -> State:
        inner = self._strategy.state()
        values = {"round": self._round, "scored": self._scored, "inner": dict(inner.values)}
        return State(values, inner.arrays, inner.version)

    def restore(self, state: State) -> None:
        self._round, self._scored = state.values["round"], list(state.values["scored"])
        self._strategy.restore(State(state.values["inner"], state.arrays))

    def _scores(self, evaluations: Sequence[Evaluation]) -> list[float]:
        values = goal_values(evaluations)
        generator = np.random.default_rng([self._seed, self._round])
        scores: list[float] = chebyshev(values, random_weights(values.shape[1], generator)).tolist()
        return scores


def check_goals(objective: Objective) -> None:
    """Check that an objective has several goals.

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
