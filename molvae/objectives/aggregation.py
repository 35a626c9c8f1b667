"""Aggregation of several desirabilities into one score."""

from enum import StrEnum

import numpy as np
from jaxtyping import Float64


class Aggregation(StrEnum):
    """Weighted mean that combines the desirabilities into a score in [0, 1]."""

    GEOMETRIC = "geometric"
    """Geometric mean: one component with desirability 0 makes the score 0."""
    ARITHMETIC = "arithmetic"

    def mean(
        self,
        desirabilities: Float64[np.ndarray, "component molecule"],
        weights: Float64[np.ndarray, " component"],
    ) -> Float64[np.ndarray, " molecule"]:
        """The mean for each molecule; NaN if any of its desirabilities is NaN."""
        shares = weights / weights.sum()
        if self is Aggregation.ARITHMETIC:
            return np.asarray(shares @ desirabilities, dtype=np.float64)
        return np.asarray(np.prod(desirabilities ** shares[:, None], axis=0), dtype=np.float64)
