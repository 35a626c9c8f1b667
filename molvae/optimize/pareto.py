"""Several goals at once: what nothing beats, how much of the space it covers, one sum of goals.

Each row is a molecule and each column a goal, all to be made large. A row with a NaN in it takes
no part: what is not known beats nothing.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.stats.qmc import Sobol

from molvae.optimize.curves import readings

_EXACT = 3
"""Goals up to which a hypervolume is worked out exactly."""
_LOG_POINTS = 14
"""2 to this power points estimate one of more goals."""

Values = Float64[np.ndarray, "molecule goal"]
PerGoal = Float64[np.ndarray, " goal"]


def non_dominated(values: Values) -> Bool[np.ndarray, " molecule"]:
    """Whether no other molecule is as good in every goal and better in one; equals both stay."""
    kept = ~np.isnan(values).any(axis=1)
    # By the sum of goals from above: whatever dominates a row stands before it, save for equals.
    order = np.argsort(-values.sum(axis=1), kind="stable")
    for place in order:
        if not kept[place]:
            continue
        as_good = (values[place] >= values).all(axis=1)
        better = (values[place] > values).any(axis=1)
        kept &= ~(as_good & better)
    found: Bool[np.ndarray, " molecule"] = kept
    return found


def hypervolume(values: Values, reference: PerGoal) -> float:
    """Volume of the goals' space that the molecules dominate, above a reference point.

    Exact, by slices along one goal after the other (While et al. 2006); the time grows with the
    power of the number of goals, so it is for few goals, or few molecules on the front.
    """
    above = values - reference
    # A comparison with NaN is false, so rows with one are left out here too.
    return _volume(above[(above > 0).all(axis=1)])


class ExactHypervolume:
    """The hypervolume of molecules that come one lot after the other."""

    def __init__(self, reference: PerGoal) -> None:
        self._reference = reference
        self._front = np.empty((0, len(reference)))

    def add(self, values: Values) -> float:
        """The hypervolume with these molecules too."""
        front = np.concatenate([self._front, values])
        self._front = front[non_dominated(front)]
        return hypervolume(self._front, self._reference)


class EstimatedHypervolume:
    """The same of many goals, for whose number its time hardly grows: by points that are dominated.

    The points are 16,384, spread evenly over the box from the reference to the highest values
    (Sobol 1967), the same each time; of that box's volume it errs by about 0.003.
    """

    def __init__(self, reference: PerGoal, highest: PerGoal) -> None:
        box = highest - reference
        sobol = Sobol(len(box), scramble=False)
        self._points = reference + box * sobol.random_base2(_LOG_POINTS)
        self._volume = float(box.prod())

    def add(self, values: Values) -> float:
        """The hypervolume with these molecules too; a row with a NaN dominates nothing."""
        for row in values:
            self._points = self._points[~(self._points < row).all(axis=1)]
        reached: float = 1.0 - len(self._points) / 2**_LOG_POINTS
        return self._volume * reached


def hypervolume_curve(
    values: Values, reference: PerGoal, every: int = 100
) -> tuple[Int64[np.ndarray, " reading"], Float64[np.ndarray, " reading"]]:
    """Calls at which it is read, and the hypervolume of all molecules up to there.

    The rows are in the order of the calls; it is read every `every` calls and at the last one.
    With more than three goals it is an estimate.
    """
    calls = readings(len(values), every)
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
    """One score of goals in [0, 1], highest 0: the augmented Chebyshev sum (Knowles 2006).

    Minus the largest weighted distance to the goal 1, and minus `rho` times the sum of them all.
    Each molecule of the Pareto front is the best by some weights, which a plain weighted sum
    cannot give where the front is hollow. NaN where a goal is.
    """
    missing = weights * (1.0 - values)
    score: Float64[np.ndarray, " molecule"] = -(missing.max(axis=1) + rho * missing.sum(axis=1))
    return score


def random_weights(goals: int, generator: np.random.Generator) -> PerGoal:
    """Weights of at least 0 that sum to 1, every such set as likely as any other."""
    return generator.dirichlet(np.ones(goals))


def _volume(front: Values) -> float:
    """Volume between the origin and rows whose every goal is above 0."""
    if len(front) == 0:
        return 0.0
    goals = front.shape[1]
    if goals == 1:
        return float(front.max())
    front = np.unique(front[non_dominated(front)], axis=0)
    if goals == 2:
        # By the first goal from below, the second falls along the front.
        widths = np.diff(front[:, 0], prepend=0.0)
        return float(widths @ front[:, 1])
    front = front[np.argsort(-front[:, -1], kind="stable")]
    depths = -np.diff(front[:, -1], append=0.0)
    slices = (_volume(front[: last + 1, :-1]) for last in range(len(front)))
    return float(sum(depth * area for depth, area in zip(depths, slices, strict=True) if depth))
