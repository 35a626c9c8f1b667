"""Several goals at once: Pareto front, hypervolume, scalarization.

Each row is a molecule and each column a goal to be maximized. A row with NaN dominates nothing.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from molvae.optimize.curves import readings

_EXACT = 3
"""Most goals for an exact hypervolume."""
_LOG_POINTS = 14
"""Binary logarithm of the number of points that estimate the hypervolume of more goals."""

Values = Float64[np.ndarray, "molecule goal"]
PerGoal = Float64[np.ndarray, " goal"]


def non_dominated(values: Values) -> Bool[np.ndarray, " molecule"]:
    """Whether no molecule is at least as good in all goals and better in any; ties are kept."""
    kept = ~np.isnan(values).any(axis=1)
    # By falling sum of goals: whatever dominates a row comes before it, ties aside.
    order = np.argsort(-values.sum(axis=1), kind="stable")
    for row in order:
        if not kept[row]:
            continue
        as_good = (values[row] >= values).all(axis=1)
        better = (values[row] > values).any(axis=1)
        kept &= ~(as_good & better)
    front: Bool[np.ndarray, " molecule"] = kept
    return front


def hypervolume(values: Values, reference: PerGoal) -> float:
    """Volume that the molecules dominate, above a reference point.

    Exact, by slicing along each goal in turn (While et al. 2006); the time grows exponentially with
    the number of goals, so it is for few goals, or few molecules on the front.
    """
    above = values - reference
    # NaN compares false, so rows with NaN are left out here too.
    return _volume(above[(above > 0).all(axis=1)])


class ExactHypervolume:
    """Hypervolume of molecules that are added in batches."""

    def __init__(self, reference: PerGoal) -> None:
        self._reference = reference
        self._front = np.empty((0, len(reference)))

    def add(self, values: Values) -> float:
        """The hypervolume with these molecules added."""
        front = np.concatenate([self._front, values])
        self._front = front[non_dominated(front)]
        return hypervolume(self._front, self._reference)


class EstimatedHypervolume:
    """Estimate of the hypervolume of many goals, from the points that are dominated.

    Its time hardly depends on the number of goals. The 16,384 points of a Sobol sequence (Sobol
    1967) fill the box from the reference to the highest values; the error is about 0.003 of the
    volume of that box.
    """

    def __init__(self, reference: PerGoal, highest: PerGoal) -> None:
        # Imported here: scipy.stats takes a second, and few searches have many goals.
        from scipy.stats.qmc import Sobol

        box = highest - reference
        sobol = Sobol(len(box), scramble=False)
        self._points = reference + box * sobol.random_base2(_LOG_POINTS)
        self._volume = float(box.prod())

    def add(self, values: Values) -> float:
        """The hypervolume with these molecules added; a row with NaN dominates nothing."""
        for row in values:
            self._points = self._points[~(self._points < row).all(axis=1)]
        reached: float = 1.0 - len(self._points) / 2**_LOG_POINTS
        return self._volume * reached


def hypervolume_curve(
    values: Values, reference: PerGoal, interval: int = 100
) -> tuple[Int64[np.ndarray, " reading"], Float64[np.ndarray, " reading"]]:
    """Calls at which it is read, and the hypervolume of all molecules until then.

    The rows are in the order of the calls; it is read every `interval` calls and at the last one.
    With more than three goals it is an estimate.
    """
    calls = readings(len(values), interval)
    growing: ExactHypervolume | EstimatedHypervolume = ExactHypervolume(reference)
    if values.shape[1] > _EXACT:
        known = values[~np.isnan(values).any(axis=1)]
        highest = np.maximum(reference, known.max(axis=0, initial=-np.inf))
        growing = EstimatedHypervolume(reference, highest)
    spans = zip([0, *calls[:-1]], calls, strict=True)
    volumes = [growing.add(values[start:stop]) for start, stop in spans]
    return calls, np.array(volumes, dtype=np.float64)


def chebyshev(
    values: Values, weights: PerGoal, rho: float = 0.05
) -> Float64[np.ndarray, " molecule"]:
    """Augmented Chebyshev score of goals in [0, 1], at most 0 (Knowles 2006).

    The score is minus the largest weighted distance to 1, minus `rho` times the sum of all weighted
    distances. Each molecule of the Pareto front maximizes it for some weights, which a weighted sum
    cannot achieve where the front is concave. NaN where a goal is NaN.
    """
    missing = weights * (1.0 - values)
    score: Float64[np.ndarray, " molecule"] = -(missing.max(axis=1) + rho * missing.sum(axis=1))
    return score


def random_weights(goals: int, generator: np.random.Generator) -> PerGoal:
    """Non-negative weights with sum 1, uniformly distributed."""
    return generator.dirichlet(np.ones(goals))


def _volume(front: Values) -> float:
    """Volume between the origin and rows with positive goals."""
    if len(front) == 0:
        return 0.0
    goals = front.shape[1]
    if goals == 1:
        return float(front.max())
    front = np.unique(front[non_dominated(front)], axis=0)
    if goals == 2:
        # Along the front the second goal falls as the first rises.
        widths = np.diff(front[:, 0], prepend=0.0)
        return float(widths @ front[:, 1])
    front = front[np.argsort(-front[:, -1], kind="stable")]
    depths = -np.diff(front[:, -1], append=0.0)
    slices = (_volume(front[: last + 1, :-1]) for last in range(len(front)))
    return float(sum(depth * area for depth, area in zip(depths, slices, strict=True) if depth))
