"""How good a search is at each call: the mean of its best, and the area under that curve."""

import numpy as np
from jaxtyping import Float64


def mean_of_best(scores: Float64[np.ndarray, " call"], k: int = 10) -> float:
    """Mean of the `k` highest scores, or of all when there are fewer; NaN when none is a number."""
    scored = scores[~np.isnan(scores)]
    return float(np.mean(np.sort(scored)[::-1][:k])) if len(scored) else float("nan")


def area_under_best(
    scores: Float64[np.ndarray, " call"], budget: int, k: int = 10, every: int = 100
) -> float:
    """Area under the mean of the `k` best against calls, divided by the budget (PMO's AUC top-k).

    The curve starts from 0 at 0 calls, is read every `every` calls and joined by straight lines
    (Gao et al. 2022); a search that ended early keeps its last value up to the budget. Scores
    are in the order of the calls; 0 stands where no molecule had a score yet.
    """
    spent = scores[:budget]
    calls = [*range(every, len(spent), every), len(spent), budget]
    heights = [np.nan_to_num(mean_of_best(spent[:call], k)) for call in calls]
    return float(np.trapezoid([0.0, *heights], [0, *calls]) / budget)
