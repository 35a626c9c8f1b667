import math

import numpy as np
import pytest

from molvae.optimize.curves import area_under_best, curve_of_best, mean_of_best, readings

GENERATOR = np.random.default_rng(0)
RANDOM = {n: GENERATOR.random(n) for n in (2550, 7, 10_001)}

# From the scoring code of the PMO benchmark (wenhao-gao/mol_opt) run on these very arrays: areas
# of the best, ten best and hundred best, and of the ten best up to the last call only.
PMO = {
    "ones 10000": (np.ones(10000), 0.995000, 0.995000, 0.995000, 0.995000),
    "ones 100": (np.ones(100), 0.995000, 0.995000, 0.995000, 0.005000),
    "ones 150": (np.ones(150), 0.995000, 0.995000, 0.995000, 0.010000),
    "ramp": (np.arange(10000) / 10000, 0.499900, 0.499453, 0.494975, 0.499453),
    "random 2550": (RANDOM[2550], 0.994432, 0.991471, 0.963910, 0.248400),
    "random 7": (RANDOM[7], 0.959812, 0.468246, 0.468246, 0.000164),
    "step at 5000": (np.r_[np.zeros(5000), np.ones(5000)], 0.495, 0.495, 0.495, 0.495),
}


@pytest.mark.parametrize(("scores", "top1", "top10", "top100", "unfinished"), PMO.values(), ids=PMO)
def test_areas_agree_with_pmo(scores, top1, top10, top100, unfinished):
    areas = [area_under_best(scores, 10_000, k) for k in (1, 10, 100)]
    assert areas == pytest.approx([top1, top10, top100], abs=1.5e-6)
    cut = area_under_best(scores, 10_000, 10, finish=False)
    assert cut == pytest.approx(unfinished, abs=1.5e-6)


# PMO's code lets a batch overshoot the budget and counts the area of the surplus too: one call
# more is worth one ten-thousandth of the mean. Here calls beyond the budget do not count.
@pytest.mark.parametrize(("k", "published"), [(1, 0.994921), (10, 0.992357), (100, 0.968260)])
def test_calls_beyond_the_budget_are_left_out(k, published):
    scores = RANDOM[10_001]
    surplus = mean_of_best(scores, k) / 10_000
    assert area_under_best(scores, 10_000, k) == pytest.approx(published - surplus, abs=1.5e-6)
    assert area_under_best(scores, 10_000, k) == area_under_best(scores[:10_000], 10_000, k)


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


def test_a_curve_is_read_every_so_many_calls_and_at_the_last():
    calls, heights = curve_of_best(np.array([math.nan, 3.0, 1.0, 5.0, 2.0]), k=2, interval=2)
    assert calls.tolist() == [2, 4, 5]
    assert heights.tolist() == [3.0, 4.0, 4.0]
    assert readings(4, 2).tolist() == [2, 4]
    assert readings(0, 2).tolist() == []
