"""Similarity of two distributions: of counts, and of numbers."""

from collections.abc import Mapping
from math import fsum, nan, sqrt

import numpy as np
from jaxtyping import Float64


def cosine_similarity(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """Cosine of the angle between two tables of counts, in [0, 1]; NaN when one is empty."""
    if not a or not b:
        return nan
    shared = sum(count * b[key] for key, count in a.items() if key in b)
    return shared / sqrt(_square(a)) / sqrt(_square(b))


def wasserstein_distance(
    a: Float64[np.ndarray, " first"], b: Float64[np.ndarray, " second"]
) -> float:
    """Area between the two cumulative distributions; NaN when one is empty.

    The first Wasserstein distance in one dimension; NaN values are ignored.
    """
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if not len(a) or not len(b):
        return nan
    points = np.sort(np.concatenate([a, b]))
    below_a = np.searchsorted(a, points[:-1], side="right") / len(a)
    below_b = np.searchsorted(b, points[:-1], side="right") / len(b)
    return fsum(np.abs(below_a - below_b) * np.diff(points))


def _square(counts: Mapping[str, int]) -> int:
    return sum(count * count for count in counts.values())
