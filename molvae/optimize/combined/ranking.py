"""Ranking: the candidates of one round, and what the surrogate promises of each."""

from collections.abc import Sequence

from molvae.optimize.combined.sources import Idea
from molvae.optimize.combined.surrogate import TanimotoProcess


class Ranking:
    """Candidates of one round and what the surrogate promises of each."""

    def __init__(self, surrogate: TanimotoProcess, beta: float) -> None:
        self._surrogate = surrogate
        self._beta = beta
        self._bounds: dict[str, tuple[Idea, float]] = {}

    def __contains__(self, smiles: str) -> bool:
        return smiles in self._bounds

    def __len__(self) -> int:
        return len(self._bounds)

    def add(self, ideas: Sequence[Idea]) -> None:
        """Take candidates in that are not there yet."""
        if not ideas:
            return
        expected = self._surrogate.expect([idea.draft.features for idea in ideas])
        for idea, bound in zip(ideas, expected.optimistic(self._beta).tolist(), strict=True):
            self._bounds[idea.draft.smiles] = idea, bound

    def best(self, n: int) -> list[Idea]:
        """The `n` most promising, best first."""
        ranked = sorted(self._bounds.values(), key=lambda one: -one[1])
        return [idea for idea, _ in ranked[:n]]
