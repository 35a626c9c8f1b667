"""Course of a search: components of its best molecules, and the sources of its calls."""

import heapq
from collections import Counter
from collections.abc import Sequence
from math import isnan

import numpy as np

from molvae.optimize.evaluation import Evaluation
from molvae.report.charts import Series

READINGS = 100
"""Approximate number of points of a curve of the best molecules."""
_BINS = 20
_BEST = 10


def components_of_best(candidates: Sequence[Evaluation]) -> list[Series]:
    """Mean desirability of each component over the ten best molecules so far, by call.

    Args:
        candidates: scored molecules in the order of their calls.
    """
    names = dict.fromkeys(name for row in candidates for name in row.desirabilities)
    # Ties are broken by the call, so that evaluations are never compared.
    best: list[tuple[float, int, Evaluation]] = []
    calls: list[int] = []
    means: dict[str, list[float]] = {name: [] for name in names}
    step = max(1, len(candidates) // READINGS)
    for number, candidate in enumerate(candidates, 1):
        if not isnan(candidate.score):
            heapq.heappush(best, (candidate.score, -number, candidate))
            if len(best) > _BEST:
                heapq.heappop(best)
        if best and (number % step == 0 or number == len(candidates)):
            calls.append(candidate.call)
            for name, readings in means.items():
                values = [entry.desirabilities.get(name, np.nan) for *_, entry in best]
                known = [value for value in values if not isnan(value)]
                readings.append(sum(known) / len(known) if known else np.nan)
    return [Series(name, calls, readings) for name, readings in means.items()]


def source_shares(
    candidates: Sequence[Evaluation],
) -> tuple[list[float], dict[str, list[float]]]:
    """Middle of each span of calls, and by source its share of the calls of each span.

    The source with the most calls comes first.
    """
    spans = np.array_split(np.arange(len(candidates)), min(_BINS, len(candidates)))
    middles = [float(np.mean([candidates[row].call for row in span])) for span in spans]
    counts = [Counter(candidates[row].source for row in span) for span in spans]
    sources = [name for name, _ in sum(counts, Counter[str]()).most_common()]
    rows = zip(counts, map(len, spans), strict=True)
    table = [[count[source] / size for source in sources] for count, size in rows]
    return middles, dict(zip(sources, map(list, zip(*table, strict=True)), strict=True))
