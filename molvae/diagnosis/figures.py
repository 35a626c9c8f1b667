"""Figures as JSON values, and statistics that go by rank."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from jaxtyping import Float64, Num, Shaped


# Any: JSON values.
def as_json(figures: Any) -> Any:
    """Dataclasses, mappings and sequences as JSON values; a number that is not finite is None."""
    if is_dataclass(figures):
        named = {field.name: getattr(figures, field.name) for field in fields(figures)}
        return as_json(named)
    if isinstance(figures, Mapping):
        return {str(name): as_json(value) for name, value in figures.items()}
    if isinstance(figures, list | tuple):
        return [as_json(value) for value in figures]
    if isinstance(figures, float) and not isfinite(figures):
        return None
    return figures


def mean_of(values: Shaped[np.ndarray, " value"]) -> float:
    """Arithmetic mean, of booleans the share that is true; NaN of nothing."""
    return float(values.mean(dtype=np.float64)) if len(values) else nan


def ranks(values: Num[np.ndarray, " value"]) -> Float64[np.ndarray, " value"]:
    """Place of each value in ascending order, from 1; equal values share their mean place."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: np.ndarray = (last - 0.5 * (counts - 1))[place]
    return shared


def spearman(a: Num[np.ndarray, " pair"], b: Num[np.ndarray, " pair"]) -> float:
    """Correlation of the ranks, in [-1, 1]; NaN where one of the two does not vary."""
    if not len(a):
        return nan
    x, y = ranks(a) - 0.5 * (len(a) + 1), ranks(b) - 0.5 * (len(b) + 1)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else nan


def auc(a: Num[np.ndarray, " first"], b: Num[np.ndarray, " second"]) -> float:
    """Chance that one of `a` is larger than one of `b`, a tie counting half; NaN without one.

    The area under the curve of telling them apart by a threshold (Hanley & McNeil 1982).
    """
    if not len(a) or not len(b):
        return nan
    sum_of_ranks = ranks(np.concatenate([a, b]))[: len(a)].sum()
    return float((sum_of_ranks - 0.5 * len(a) * (len(a) + 1)) / (len(a) * len(b)))
