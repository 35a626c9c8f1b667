"""The Fréchet distance by hand; ChemNet itself is compared in test_evaluation.py."""

import math

import numpy as np
import pytest

from molvae.metrics.chemnet import ChemNet, Gaussian, frechet_distance


def gaussian(mean, covariance):
    return Gaussian(np.array(mean, dtype=np.float64), np.array(covariance, dtype=np.float64))


def test_equal_distributions_are_at_distance_zero():
    one = gaussian([1, 2], [[2, 1], [1, 3]])
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-12)


def test_along_the_axes_it_is_means_and_standard_deviations():
    # Of independent normal distributions: sum of (m1 - m2)^2 + (s1 - s2)^2.
    a, b = gaussian([0, 0], [[4, 0], [0, 9]]), gaussian([3, 1], [[1, 0], [0, 25]])
    assert frechet_distance(a, b) == pytest.approx(9 + 1 + 1 + 4)


def test_it_does_not_change_when_both_are_turned():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    a, b = np.diag([4.0, 9.0]), np.array([[2.0, 1.0], [1.0, 3.0]])
    straight = frechet_distance(gaussian([0, 0], a), gaussian([0, 0], b))
    turned = frechet_distance(
        gaussian([0, 0], turn @ a @ turn.T), gaussian([0, 0], turn @ b @ turn.T)
    )
    assert turned == pytest.approx(straight)


def test_a_flat_distribution_is_no_trouble():
    flat = gaussian([0, 0], [[1, 1], [1, 1]])
    assert frechet_distance(flat, flat) == pytest.approx(0.0, abs=1e-9)


def test_without_two_molecules_there_is_no_distance():
    pytest.importorskip("fcd_torch")
    assert ChemNet.load().gaussian(["CCO"]) is None
    assert math.isnan(frechet_distance(None, gaussian([0], [[1]])))
