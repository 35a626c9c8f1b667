"""Scaffold filter: turns a search away from scaffolds that it has found enough of.

After the diversity filter of REINVENT (Blaschke et al. 2020), with two differences: a molecule of
a full scaffold is not scored at all, so it costs no call; and of it, as of those that overfill a
bucket within a round, the method hears that it has no score, not 0, which may be a good score.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import inf, nan

import numpy as np
from jaxtyping import Float64

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import scaffold
from molvae.optimize.constraints import ConstraintsConfig, Violation
from molvae.optimize.result import Evaluation


class ScaffoldFilter:
    """What a method is told of the molecules of a round, and which it need not propose again.

    What it knows follows from the molecules of the finished rounds in the order of their calls.
    """

    def __init__(self, config: ConstraintsConfig, earlier: Sequence[Evaluation] = ()) -> None:
        self._bucket = config.scaffold_bucket
        low = config.scaffold_threshold
        self._threshold = -inf if low is None else low
        self._hides_repeats = config.hide_repeats
        self._held: Counter[str] = Counter()
        self._met: set[str] = set()
        for one in earlier:
            self._silences(one.smiles, one.score)

    def judge(self, molecules: Sequence[Molecule]) -> list[Violation | None]:
        """An objection to each molecule of a scaffold that is full."""
        if self._bucket is None:
            return [None] * len(molecules)
        full = [self._held[_scaffold(one.smiles)] >= self._bucket for one in molecules]
        return [Violation.SCAFFOLD_FULL if is_full else None for is_full in full]

    def told(
        self,
        molecules: Sequence[Molecule | None],
        scores: Float64[np.ndarray, " proposal"],
    ) -> Float64[np.ndarray, " proposal"]:
        """The scores of a finished round as its method hears them; the round is remembered."""
        heard = scores.copy()
        for place, molecule in enumerate(molecules):
            if molecule is not None and self._silences(molecule.smiles, float(scores[place])):
                heard[place] = nan
        return heard

    def _silences(self, smiles: str, score: float) -> bool:
        """Remember a molecule; whether the method is to hear that it has no score."""
        if smiles in self._met:
            return self._hides_repeats
        self._met.add(smiles)
        # NaN compares false.
        if self._bucket is None or not score > self._threshold:
            return False
        self._held[_scaffold(smiles)] += 1
        return self._held[_scaffold(smiles)] > self._bucket


# By way of the text, so that a search that is resumed from the journal finds the same scaffolds.
@lru_cache(maxsize=50_000)
def _scaffold(smiles: str) -> str:
    return scaffold(Molecule.parse(smiles))
