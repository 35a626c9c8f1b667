"""Figures as JSON values, and rank statistics."""

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
    """Arithmetic mean, for booleans the fraction that is true; NaN if empty."""
    return float(values.mean(dtype=np.float64)) if len(values) else nan


def ranks(values: Num[np.ndarray, " value"]) -> Float64[np.ndarray, " value"]:
    """Rank of each value in ascending order, from 1; ties share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: np.ndarray = (last - 0.5 * (counts - 1))[inverse]
    return shared


def spearman(a: Num[np.ndarray, " pair"], b: Num[np.ndarray, " pair"]) -> float:
    """Spearman rank correlation, in [-1, 1]; NaN if either does not vary."""
    if not len(a):
        return nan
    x, y = ranks(a) - 0.5 * (len(a) + 1), ranks(b) - 0.5 * (len(b) + 1)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else nan


def auc(a: Num[np.ndarray, " first"], b: Num[np.ndarray, " second"]) -> float:
    """Probability that a value of `a` exceeds one of `b`, ties by half; NaN if either is empty.

    The area under the ROC curve of a threshold that separates them (Hanley & McNeil 1982).
    """
    if not len(a) or not len(b):
        return nan
    sum_of_ranks = ranks(np.concatenate([a, b]))[: len(a)].sum()
    return float((sum_of_ranks - 0.5 * len(a) * (len(a) + 1)) / (len(a) * len(b)))
