import math

import numpy as np
import pytest

from molvae.optimize.curves import area_under_best, mean_of_best

GENERATOR = np.random.default_rng(0)

# From the scoring code of the PMO benchmark (wenhao-gao/mol_opt) run on these very arrays.
PMO = {
    "ones 10000": (np.ones(10000), 0.995000, 0.995000, 0.995000),
    "ones 100": (np.ones(100), 0.995000, 0.995000, 0.995000),
    "ones 150": (np.ones(150), 0.995000, 0.995000, 0.995000),
    "ramp": (np.arange(10000) / 10000, 0.499900, 0.499453, 0.494975),
    "random 2550": (GENERATOR.random(2550), 0.994432, 0.991471, 0.963910),
    "random 7": (GENERATOR.random(7), 0.959812, 0.468246, 0.468246),
    "step at 5000": (np.r_[np.zeros(5000), np.ones(5000)], 0.495, 0.495, 0.495),
}


@pytest.mark.parametrize(("scores", "top1", "top10", "top100"), PMO.values(), ids=PMO)
def test_areas_agree_with_pmo(scores, top1, top10, top100):
    areas = [area_under_best(scores, 10_000, k) for k in (1, 10, 100)]
    assert areas == pytest.approx([top1, top10, top100], abs=1.5e-6)


def test_the_mean_of_best_takes_the_highest():
    scores = np.array([0.1, math.nan, 0.9, 0.5])
    assert mean_of_best(scores, 1) == 0.9
    assert mean_of_best(scores, 2) == pytest.approx(0.7)
    assert mean_of_best(scores, 10) == pytest.approx(0.5)


def test_without_scores_there_is_no_best():
    assert math.isnan(mean_of_best(np.array([math.nan])))
    assert math.isnan(mean_of_best(np.array([])))


def test_calls_without_a_score_still_count_as_calls():
    scores = np.r_[np.full(100, math.nan), np.ones(100)]
    # 0 up to call 100, a rise to 1 at call 200.
    assert area_under_best(scores, 200) == pytest.approx(0.25)


def test_a_search_without_any_call_has_no_area():
    assert area_under_best(np.array([]), 100) == 0
