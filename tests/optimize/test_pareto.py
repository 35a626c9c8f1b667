import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from molvae.optimize.pareto import (
    EstimatedHypervolume,
    chebyshev,
    hypervolume,
    hypervolume_curve,
    non_dominated,
    random_weights,
)

# Few values, so that equal goals and equal molecules are frequent.
TABLES = st.tuples(st.integers(0, 12), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0]))
)


def dominates(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(
        x > y for x, y in zip(a, b, strict=True)
    )


@given(TABLES)
def test_non_dominated_are_those_that_no_other_dominates(values):
    expected = [not any(dominates(other, one) for other in values) for one in values]
    assert non_dominated(values).tolist() == expected


def test_equal_molecules_stay_and_unknown_ones_take_no_part():
    values = np.array([[1, 2], [1, 2], [math.nan, 9], [2, 1], [1, 1]])
    assert non_dominated(values).tolist() == [True, True, False, True, False]


# Counted by hand: a staircase of unit squares; boxes of unit cubes.
BY_HAND = {
    "one point": ([[2, 3]], [0, 0], 6),
    "a staircase": ([[1, 3], [2, 2], [3, 1]], [0, 0], 6),
    "a dominated point adds nothing": ([[1, 3], [2, 2], [3, 1], [1, 1]], [0, 0], 6),
    "another reference": ([[1, 3], [2, 2], [3, 1]], [1, 0], 3),
    "below the reference": ([[-1, 5], [5, -1]], [0, 0], 0),
    "on the reference": ([[0, 5]], [0, 0], 0),
    "nobody": (np.empty((0, 3)), [0, 0, 0], 0),
    "one goal": ([[2], [5], [3]], [1], 4),
    # 2*2*1 + 1*1*3 less the cube that both hold.
    "two boxes": ([[2, 2, 1], [1, 1, 3]], [0, 0, 0], 6),
    # Three bars of 1*1*2 along the axes share the cube at the corner.
    "three bars": ([[2, 1, 1], [1, 2, 1], [1, 1, 2]], [0, 0, 0], 4),
    "four bars": (np.ones((4, 4)) + np.eye(4), [0, 0, 0, 0], 5),
    "with an unknown": ([[2, 3], [math.nan, 10]], [0, 0], 6),
}


@pytest.mark.parametrize(("values", "reference", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_hypervolumes_worked_out_by_hand(values, reference, expected):
    found = hypervolume(np.array(values, dtype=float), np.array(reference, dtype=float))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("goals", [2, 3, 4])
def test_the_hypervolume_is_the_share_of_random_points_that_are_dominated(goals):
    generator = np.random.default_rng(goals)
    values = generator.random((20, goals))
    darts = generator.random((200_000, goals))
    below = np.zeros(len(darts), dtype=bool)
    for one in values:
        below |= (darts <= one).all(axis=1)
    # Three standard errors of a share of 200,000 are at most 0.0034.
    assert hypervolume(values, np.zeros(goals)) == pytest.approx(below.mean(), abs=0.0034)


@given(TABLES)
def test_unit_cubes_below_integer_points_make_up_the_hypervolume(values):
    goals = values.shape[1]
    corners = np.indices((3,) * goals).reshape(goals, -1).T + 1
    below = [any((one >= corner).all() for one in values) for corner in corners]
    assert hypervolume(values, np.zeros(goals)) == pytest.approx(sum(below))


def test_the_curve_is_the_hypervolume_so_far():
    values = np.array([[1.0, 1.0], [0.5, 0.5], [2.0, 0.5], [math.nan, 1.0], [0.5, 3.0]])
    calls, volumes = hypervolume_curve(values, np.zeros(2), interval=2)
    assert calls.tolist() == [2, 4, 5]
    # 1; then a bar of 1 by 0.5 to the right; then one of 0.5 by 2 above.
    assert volumes.tolist() == pytest.approx([1.0, 1.5, 2.5])


def test_of_many_goals_the_curve_is_estimated_and_takes_no_time():
    generator = np.random.default_rng(0)
    # On a sphere nothing dominates anything: all are on the front.
    values = np.abs(generator.standard_normal((600, 6)))
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    begin = time.perf_counter()
    _, volumes = hypervolume_curve(values, np.zeros(6))
    assert time.perf_counter() - begin < 10
    assert (np.diff(volumes) > 0).all()


@pytest.mark.parametrize("goals", [3, 4])
def test_an_estimate_is_near_the_exact_hypervolume(goals):
    values = np.random.default_rng(goals).random((25, goals))
    reference, highest = np.full(goals, 0.1), np.full(goals, 1.0)
    growing = EstimatedHypervolume(reference, highest)
    for few in values[:10], values[10:], np.full((1, goals), math.nan):
        found = growing.add(few)
    assert found == pytest.approx(hypervolume(values, reference), abs=0.003)


def test_chebyshev_takes_the_worst_weighted_goal_and_a_little_of_the_sum():
    values = np.array([[1.0, 1.0], [0.5, 1.0], [0.0, 0.2], [math.nan, 1.0]])
    found = chebyshev(values, np.array([0.4, 0.6]), rho=0.1)
    # Distances to (1, 1): none; 0.2 and 0; 0.4 and 0.48.
    assert found[:3] == pytest.approx([0.0, -(0.2 + 0.02), -(0.48 + 0.088)])
    assert math.isnan(found[3])


def test_chebyshev_reaches_a_hollow_of_the_front_that_no_weighted_sum_does():
    values = np.array([[1.0, 0.0], [0.4, 0.4], [0.0, 1.0]])
    weights = np.array([0.5, 0.5])
    assert (values @ weights).argmax() != 1
    assert chebyshev(values, weights).argmax() == 1


def test_random_weights_are_even_over_the_simplex_and_repeatable():
    drawn = np.stack(
        [random_weights(3, generator) for generator in [np.random.default_rng(0)] * 5000]
    )
    assert (drawn >= 0).all()
    assert drawn.sum(axis=1) == pytest.approx(np.ones(5000))
    # Even: each weight has mean 1/3 and variance 1/18 (Dirichlet of ones).
    assert drawn.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.01)
    assert drawn.var(axis=0) == pytest.approx([1 / 18] * 3, abs=0.005)
    again = random_weights(3, np.random.default_rng(0))
    np.testing.assert_array_equal(again, drawn[0])
