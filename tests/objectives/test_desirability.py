import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.errors import ConfigError
from molvae.objectives.desirability import (
    CURVES,
    DoubleSigmoid,
    Gaussian,
    Linear,
    MaxGaussian,
    MinGaussian,
    Sigmoid,
    Step,
    parse_curve,
)

EVERY_KIND = [
    Linear(low=1, high=3),
    Linear(low=3, high=1),
    Sigmoid(low=1, high=3),
    Sigmoid(low=3, high=1),
    DoubleSigmoid(low=1, high=3, width=0.5),
    Gaussian(mu=2, sigma=0.5),
    MinGaussian(mu=2, sigma=0.5),
    MaxGaussian(mu=2, sigma=0.5),
    Step(low=1, high=3),
]


def test_every_kind_is_in_the_list_of_these_tests():
    assert {curve.kind for curve in EVERY_KIND} == set(CURVES)


@pytest.mark.parametrize("curve", EVERY_KIND, ids=lambda curve: curve.kind)
@given(value=st.floats(allow_nan=False))
def test_a_desirability_lies_between_0_and_1(curve, value):
    (desirability,) = curve(np.array([value]))
    assert 0 <= desirability <= 1


@pytest.mark.parametrize("curve", EVERY_KIND, ids=lambda curve: curve.kind)
def test_nan_stays_nan_and_spoils_no_neighbor(curve):
    alone = curve(np.array([2.0]))
    result = curve(np.array([math.nan, 2.0]))
    assert math.isnan(result[0])
    assert result[1] == alone[0]


# Worked out by hand from the definitions.
@pytest.mark.parametrize(
    ("curve", "value", "expected"),
    [
        (Linear(low=0, high=4), -1, 0),
        (Linear(low=0, high=4), 1, 0.25),
        (Linear(low=0, high=4), 9, 1),
        (Linear(low=4, high=0), 1, 0.75),
        (Sigmoid(low=0, high=4), 0, 0.01),
        (Sigmoid(low=0, high=4), 2, 0.5),
        (Sigmoid(low=0, high=4), 4, 0.99),
        (Sigmoid(low=4, high=0), 4, 0.01),
        (DoubleSigmoid(low=0, high=10, width=1), 0, 0.5),
        (DoubleSigmoid(low=0, high=10, width=1), -0.5, 0.01),
        (DoubleSigmoid(low=0, high=10, width=1), 0.5, 0.99),
        (DoubleSigmoid(low=0, high=10, width=1), 5, 1),
        (DoubleSigmoid(low=0, high=10, width=1), 10.5, 0.01),
        (Gaussian(mu=3, sigma=2), 3, 1),
        (Gaussian(mu=3, sigma=2), 5, math.exp(-0.5)),
        (Gaussian(mu=3, sigma=2), 1, math.exp(-0.5)),
        (Step(low=2), 2, 1),
        (Step(low=2), 1.99, 0),
        (Step(high=2), 2.01, 0),
        (Step(low=2, high=3), 2.5, 1),
    ],
)
def test_curves_at_worked_points(curve, value, expected):
    assert curve(np.array([float(value)]))[0] == pytest.approx(expected, abs=1e-12)


# GuacaMol's names mislead, and swapping the two is the commonest slip in copies of its tasks.
def test_max_gaussian_is_1_above_mu_and_min_gaussian_below():
    values = np.array([1.0, 3.0, 5.0])
    np.testing.assert_allclose(MaxGaussian(mu=3, sigma=2)(values), [math.exp(-0.5), 1, 1])
    np.testing.assert_allclose(MinGaussian(mu=3, sigma=2)(values), [1, 1, math.exp(-0.5)])


def test_a_curve_is_read_by_its_kind():
    assert parse_curve({"kind": "gaussian", "mu": 3, "sigma": 1}) == Gaussian(mu=3, sigma=1)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "gausian", "mu": 1, "sigma": 1}, "did you mean 'gaussian'"),
        ({"mu": 1}, "no kind given"),
        ({"kind": "gaussian", "mu": 1, "sgima": 1}, "did you mean 'sigma'"),
        ({"kind": "gaussian", "mu": 1, "sigma": 0}, "sigma = 0"),
        ({"kind": "linear", "low": 1, "high": 1}, "must differ"),
        ({"kind": "sigmoid", "low": 1, "high": 1}, "must differ"),
        ({"kind": "double_sigmoid", "low": 3, "high": 1, "width": 1}, "low must be less than high"),
        ({"kind": "step"}, "give low, high or both"),
        ({"kind": "step", "low": 3, "high": 1}, "low must not be greater than high"),
        ({"kind": "linear", "low": math.nan, "high": 1}, "low = nan"),
    ],
)
def test_a_curve_that_makes_no_sense_is_refused(table, message):
    with pytest.raises(ConfigError, match=message):
        parse_curve(table)
