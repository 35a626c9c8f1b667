"""Ranking: the candidates of a round by the surrogate's upper confidence bound."""

from collections.abc import Sequence

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.surrogate import Features, TanimotoProcess


class Ranking:
    """Candidates of a round and the upper confidence bound of each score."""

    def __init__(self, surrogate: TanimotoProcess, beta: float) -> None:
        self._surrogate = surrogate
        self._beta = beta
        self._bounds: dict[str, tuple[Candidate, float]] = {}

    def __contains__(self, smiles: str) -> bool:
        return smiles in self._bounds

    def __len__(self) -> int:
        return len(self._bounds)

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Add candidates that are not there yet."""
        if not candidates:
            return
        predicted = self._surrogate.predict(features_of(candidates))
        bounds = predicted.upper_bound(self._beta).tolist()
        for candidate, bound in zip(candidates, bounds, strict=True):
            self._bounds[str(candidate.smiles)] = candidate, bound

    def best(self, n: int) -> list[Candidate]:
        """The `n` most promising candidates, best first."""
        ranked = sorted(self._bounds.values(), key=lambda row: -row[1])
        return [candidate for candidate, _ in ranked[:n]]


def features_of(candidates: Sequence[Candidate]) -> Features:
    """Counted features of each candidate."""
    return [row.features for row in candidates if row.features is not None]
