"""Distances by hand, and by scipy's formula written out."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.metrics.distributions import cosine_similarity, wasserstein_distance

NUMBERS = st.lists(st.floats(-100, 100), min_size=1, max_size=20).map(np.array)


def test_the_cosine_of_counts_by_hand():
    # (1*2 + 2*1) / (sqrt(5) sqrt(6))
    a, b = Counter(x=1, y=2), Counter(x=2, y=1, z=1)
    assert cosine_similarity(a, b) == pytest.approx(4 / math.sqrt(30))


def test_the_cosine_is_one_for_proportional_counts_and_zero_for_strangers():
    assert cosine_similarity({"x": 1, "y": 2}, {"x": 10, "y": 20}) == pytest.approx(1.0)
    assert cosine_similarity({"x": 1}, {"y": 1}) == 0.0


def test_without_counts_there_is_no_cosine():
    assert math.isnan(cosine_similarity({}, {"x": 1}))
    assert math.isnan(cosine_similarity({"x": 1}, {}))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # The examples of the documentation of scipy.stats.wasserstein_distance, unweighted ones.
        ([0.0, 1.0, 3.0], [5.0, 6.0, 8.0], 5.0),
        ([0.0, 1.0], [0.0, 1.0], 0.0),
        # Half of the weight goes a distance of one.
        ([0.0, 0.0], [0.0, 1.0], 0.5),
        ([0.0], [-2.0, 2.0, 5.0], 3.0),
    ],
)
def test_the_work_to_move_one_heap_onto_the_other(a, b, expected):
    assert wasserstein_distance(np.array(a), np.array(b)) == pytest.approx(expected)


@given(NUMBERS, st.integers(1, 5))
def test_of_equally_many_numbers_it_is_the_mean_difference_in_order(a, copies):
    b = np.roll(a, 1) * copies + 1
    expected = np.abs(np.sort(a) - np.sort(b)).mean()
    assert wasserstein_distance(a, b) == pytest.approx(expected, abs=1e-9)


@given(NUMBERS, NUMBERS, st.floats(-50, 50))
def test_it_is_symmetric_and_does_not_see_a_common_shift(a, b, shift):
    assert wasserstein_distance(a, b) == pytest.approx(wasserstein_distance(b, a), abs=1e-9)
    shifted = wasserstein_distance(a + shift, b + shift)
    assert shifted == pytest.approx(wasserstein_distance(a, b), abs=1e-6)


def test_missing_numbers_are_passed_over():
    some = np.array([1.0, math.nan, 2.0])
    assert wasserstein_distance(some, np.array([1.0, 2.0])) == 0.0
    assert math.isnan(wasserstein_distance(some, np.array([math.nan])))
    assert math.isnan(wasserstein_distance(np.array([]), some))
