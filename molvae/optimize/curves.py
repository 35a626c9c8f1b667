"""Optimization curves: mean of the best scores against calls, and the area under it."""

import numpy as np
from jaxtyping import Float64, Int64


def mean_of_best(scores: Float64[np.ndarray, " call"], k: int = 10) -> float:
    """Mean of the `k` highest scores, or of all when there are fewer; NaN when none is a number."""
    scored = scores[~np.isnan(scores)]
    return float(np.mean(np.sort(scored)[::-1][:k])) if len(scored) else float("nan")


def area_under_best(
    scores: Float64[np.ndarray, " call"],
    budget: int,
    k: int = 10,
    interval: int = 100,
    *,
    finish: bool = True,
) -> float:
    """Area under the mean of the `k` best against calls, divided by the budget (PMO's AUC top-k).

    The curve starts at 0, is read every `interval` calls and interpolated linearly (Gao et al.
    2022). A search that ended early keeps its last value up to the budget, unless `finish` is
    False: then the area ends with its last call. Scores are in the order of the calls; those beyond
    the budget do not count. The curve is 0 until the first molecule has a score.
    """
    calls, heights = curve_of_best(scores[:budget], k, interval)
    if finish and len(calls) and calls[-1] < budget:
        calls, heights = np.append(calls, budget), np.append(heights, heights[-1])
    return area_under_curve(calls, heights, budget)


def area_under_curve(
    calls: Int64[np.ndarray, " reading"], heights: Float64[np.ndarray, " reading"], budget: int
) -> float:
    """Area under readings of a curve that starts at 0, divided by the budget."""
    return float(np.trapezoid(np.r_[0.0, heights], np.r_[0, calls]) / budget)


def curve_of_best(
    scores: Float64[np.ndarray, " call"], k: int = 10, interval: int = 100
) -> tuple[Int64[np.ndarray, " reading"], Float64[np.ndarray, " reading"]]:
    """Calls at which the curve is read, and the mean of the `k` best there.

    It is read every `interval` calls and at the last one, and 0 until the first score.
    """
    calls = readings(len(scores), interval)
    heights = [np.nan_to_num(mean_of_best(scores[:call], k)) for call in calls]
    return calls, np.array(heights, dtype=np.float64)


def readings(calls: int, interval: int = 100) -> Int64[np.ndarray, " reading"]:
    """Multiples of the interval, and the last call; empty for no calls."""
    last = [calls] if calls else []
    return np.array([*range(interval, calls, interval), *last], dtype=np.int64)
