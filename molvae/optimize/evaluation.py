"""Evaluation: a scored molecule."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """A distinct molecule that was scored."""

    smiles: str
    """Canonical SMILES."""
    score: float
    """NaN: the objective could not score the molecule, or did not allow it."""
    values: Mapping[str, float]
    """Measured values by name; NaN: could not be measured."""
    desirabilities: Mapping[str, float]
    """Measured values on a scale from 0 to 1, for those that have a curve."""
    call: int = 0
    """1-based position among the distinct molecules scored; 0: scored by another search."""
    round: int = 0
    """1-based round of the search in which it was proposed; 0: see `call`."""
    source: str = "latents"
    """Name that the method has for the way the molecule was made."""
    is_unanswered: bool = False
    """Whether a scorer failed on it; a resumed search asks for it again."""
