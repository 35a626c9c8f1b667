"""SourceMix: how many candidates each source makes, according to its recent success."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from molvae.optimize.combined.sources.source import Source

_FLOOR = 0.05
"""Smallest fraction of the candidates that a source makes."""
_DECAY = 0.97
"""Decay per round of the source statistics."""
_PSEUDOCOUNT = 100.0
"""Strength of the prior on a source's success rate: 1 success in 100."""


class SourceMix:
    """Divides candidates among sources in proportion to their success rates.

    A success is a candidate whose score is among the top 10 when it is scored.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._proposed = dict.fromkeys(names, 0.0)
        self._improved = dict.fromkeys(names, 0.0)

    @classmethod
    def among(cls, sources: Mapping[str, Source], *, similar_to_lead: bool) -> "SourceMix":
        """A mix of the sources that make candidates in every round.

        Args:
            sources: the sources by name.
            similar_to_lead: whether candidates must be similar to a lead, which samples of the
                prior hardly ever are: then only sources with parents count, if there are any.
        """
        names = [name for name, source in sources.items() if not source.per_round]
        with_parents = [name for name in names if sources[name].parent_lists]
        return cls(with_parents or names if similar_to_lead else names)

    def split(self, n: int, generator: np.random.Generator) -> dict[str, int]:
        """`n` candidates by source; nothing where there is no source."""
        names = list(self._proposed)
        if not names:
            return {}
        rates = np.array(
            [(1.0 + self._improved[name]) / (_PSEUDOCOUNT + self._proposed[name]) for name in names]
        )
        shares = _FLOOR + (1.0 - _FLOOR * len(names)) * rates / rates.sum()
        rows = generator.choice(len(names), n, p=shares / shares.sum()).tolist()
        return {names[row]: count for row, count in sorted(Counter(rows).items())}

    def count_proposed(self, sources: Iterable[str]) -> None:
        """Count candidates that were made."""
        for name in sources:
            if name in self._proposed:
                self._proposed[name] += 1.0

    def count_improved(self, source: str) -> None:
        """Count a success."""
        if source in self._improved:
            self._improved[source] += 1.0

    def decay(self) -> None:
        """Let a round fade."""
        for counts in (self._proposed, self._improved):
            counts.update({name: _DECAY * count for name, count in counts.items()})

    def to_json(self) -> dict[str, dict[str, float]]:
        """The statistics as JSON."""
        return {"proposed": dict(self._proposed), "improved": dict(self._improved)}

    def restore(self, saved: Mapping[str, Mapping[str, float]]) -> None:
        """Continue from saved statistics."""
        self._proposed, self._improved = dict(saved["proposed"]), dict(saved["improved"])
