from math import log

import numpy as np
import pytest

from molvae.diagnosis.information import measure_information, mutual_information
from molvae.diagnosis.posteriors import Posteriors


def generator():
    return np.random.default_rng(7)


def posteriors(mean, deviation):
    mean = np.asarray(mean, dtype=np.float32)
    return Posteriors(mean, np.full_like(mean, deviation))


def test_posteriors_far_apart_tell_log_of_their_number():
    apart = posteriors(100.0 * np.eye(50), 0.1)
    assert mutual_information(apart, generator()) == pytest.approx(log(50), abs=1e-6)


def test_posteriors_that_are_one_tell_nothing():
    same = posteriors(np.full((50, 4), 0.3), 0.7)
    assert mutual_information(same, generator()) == pytest.approx(0.0, abs=1e-6)


def test_molecules_that_share_codes_by_two_tell_log_of_the_half():
    pairs = posteriors(np.repeat(100.0 * np.eye(300), 2, axis=0), 0.1)
    assert mutual_information(pairs, generator()) == pytest.approx(log(300), abs=1e-6)


@pytest.mark.parametrize("deviation", [0.5, 1.0, 2.0])
def test_a_gaussian_channel_tells_what_shannon_says(deviation):
    # I = log(1 + signal / noise) / 2 for a signal of variance 1 (Shannon 1948).
    means = np.random.default_rng(1).standard_normal((3_000, 1))
    found = mutual_information(posteriors(means, deviation), generator())
    assert found == pytest.approx(0.5 * log(1 + deviation**-2), abs=0.05)


def test_a_mixture_that_is_the_prior_has_no_kl_of_its_own():
    # Means of variance 0.75 and posteriors of variance 0.25 make N(0, 1).
    means = np.sqrt(0.75) * np.random.default_rng(1).standard_normal((3_000, 1))
    kl = float(0.5 * (means**2 + 0.25 - 1.0).mean() - np.log(0.5))
    found = measure_information(posteriors(means, 0.5), kl, generator())
    assert found.marginal_kl == pytest.approx(0.0, abs=0.05)
    assert found.mutual_information == pytest.approx(log(2), abs=0.05)
    assert found.bound == pytest.approx(log(3_000))
    assert found.kl == kl
