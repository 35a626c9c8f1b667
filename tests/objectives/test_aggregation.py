import math

import numpy as np
import pytest

from molvae.objectives.aggregation import Aggregation

DESIRABILITIES = np.array([[0.25, 0.0, 1.0, math.nan], [1.0, 1.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("aggregation", "weights", "expected"),
    [
        (Aggregation.GEOMETRIC, [1, 1], [0.5, 0, 1]),
        (Aggregation.GEOMETRIC, [3, 1], [0.25**0.75, 0, 1]),
        (Aggregation.ARITHMETIC, [1, 1], [0.625, 0.5, 1]),
        (Aggregation.ARITHMETIC, [3, 1], [0.4375, 0.25, 1]),
    ],
)
def test_weighted_means_by_hand(aggregation, weights, expected):
    mean = aggregation.mean(DESIRABILITIES, np.array(weights, dtype=float))
    np.testing.assert_allclose(mean[:3], expected)
    assert math.isnan(mean[3])


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_only_the_ratio_of_weights_counts(aggregation):
    some = aggregation.mean(DESIRABILITIES, np.array([1.0, 3.0]))
    np.testing.assert_allclose(some, aggregation.mean(DESIRABILITIES, np.array([10.0, 30.0])))
