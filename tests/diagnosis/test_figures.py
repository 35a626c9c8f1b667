from dataclasses import dataclass
from math import inf, isnan, nan

import numpy as np
import pytest

from molvae.diagnosis.figures import as_json, auc, mean_of, ranks, spearman


def numbers(*values):
    return np.array(values, dtype=np.float64)


def test_equal_values_share_their_mean_rank():
    assert ranks(numbers(30, 10, 20, 20, 5)).tolist() == [5, 2, 3.5, 3.5, 1]


def test_auc_counts_pairs_and_half_of_the_ties():
    # By hand: 3 beats 1 and 2, ties with 3; 2 beats 1, ties with 2, loses to 3.
    assert auc(numbers(3, 2), numbers(1, 2, 3)) == pytest.approx((2 + 0.5 + 1 + 0.5) / 6)
    assert auc(numbers(5, 6), numbers(1, 2)) == 1.0
    assert auc(numbers(1, 2), numbers(5, 6)) == 0.0


def test_spearman_sees_order_only():
    assert spearman(numbers(1, 2, 3, 4), numbers(1, 10, 100, 1000)) == pytest.approx(1.0)
    assert spearman(numbers(1, 2, 3, 4), numbers(9, 7, 5, -3)) == pytest.approx(-1.0)


def test_spearman_is_that_of_the_formula_without_ties():
    # 1 - 6 sum d^2 / (n (n^2 - 1)), with d = 0, 1, -1, 2, -2.
    found = spearman(numbers(1, 2, 3, 4, 5), numbers(1, 3, 2, 6, 3.5))
    d = np.array([1, 2, 3, 4, 5]) - np.array([1, 3, 2, 5, 4])
    assert found == pytest.approx(1 - 6 * (d @ d) / (5 * 24))


def test_what_cannot_be_had_is_nan():
    assert isnan(spearman(numbers(1, 1, 1), numbers(1, 2, 3)))
    assert isnan(spearman(numbers(), numbers()))
    assert isnan(auc(numbers(), numbers(1)))
    assert isnan(mean_of(numbers()))


@dataclass(frozen=True)
class Inner:
    value: float


@dataclass(frozen=True)
class Outer:
    parts: tuple[Inner, ...]
    by_level: dict[float, float]


def test_figures_are_json_without_nan():
    found = as_json(Outer((Inner(1.5), Inner(nan)), {0.05: inf, 0.5: 2.0}))
    assert found == {
        "parts": [{"value": 1.5}, {"value": None}],
        "by_level": {"0.05": None, "0.5": 2.0},
    }
