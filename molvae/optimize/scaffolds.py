"""Scaffold filter: turns a search away from scaffolds that it has scored often enough.

After the diversity filter of REINVENT (Blaschke et al. 2020), with two differences: a molecule of a
full scaffold is not scored at all, so it costs no call; and molecules that overfill a bucket within
a round are reported to the method as unscored rather than with 0, which may be a good score.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import inf, nan

import numpy as np
from jaxtyping import Float64

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import scaffold
from molvae.optimize.constraints import Violation
from molvae.optimize.constraints_config import ConstraintsConfig
from molvae.optimize.evaluation import Evaluation


class ScaffoldFilter:
    """Decides which scores a method gets to see, and which scaffolds are full.

    Its memory follows from the molecules of the finished rounds in the order of their calls.
    """

    def __init__(self, config: ConstraintsConfig, earlier: Sequence[Evaluation] = ()) -> None:
        self._bucket = config.scaffold_bucket
        threshold = config.scaffold_threshold
        self._threshold = -inf if threshold is None else threshold
        self._hides_repeats = config.hide_repeats
        self._counts: Counter[str] = Counter()
        self._known: set[str] = set()
        for evaluation in earlier:
            self._remember(evaluation.smiles, evaluation.score)

    def violations(self, smiles: Sequence[str]) -> list[Violation | None]:
        """A violation for each molecule of a scaffold that is full."""
        if self._bucket is None:
            return [None] * len(smiles)
        full = [self._counts[_scaffold(name)] >= self._bucket for name in smiles]
        return [Violation.SCAFFOLD_FULL if is_full else None for is_full in full]

    def visible_scores(
        self,
        smiles: Sequence[str | None],
        scores: Float64[np.ndarray, " candidate"],
    ) -> Float64[np.ndarray, " candidate"]:
        """The scores of a finished round as the method sees them; the round is remembered."""
        visible = scores.copy()
        for row, name in enumerate(smiles):
            if name is not None and not self._remember(name, float(scores[row])):
                visible[row] = nan
        return visible

    def _remember(self, smiles: str, score: float) -> bool:
        """Remember a molecule; whether the method sees its score."""
        if smiles in self._known:
            return not self._hides_repeats
        self._known.add(smiles)
        # NaN compares false.
        if self._bucket is None or not score > self._threshold:
            return True
        self._counts[_scaffold(smiles)] += 1
        return self._counts[_scaffold(smiles)] <= self._bucket


# From the SMILES, so that a search resumed from the journal finds the same scaffolds.
@lru_cache(maxsize=50_000)
def _scaffold(smiles: str) -> str:
    return scaffold(Molecule.parse(smiles))
