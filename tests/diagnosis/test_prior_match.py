from math import log, pi

import numpy as np
import pytest

from molvae.diagnosis.posteriors import Posteriors
from molvae.diagnosis.prior_match import LogDensities, measure_prior

SIZE = 6
"""Dimensions of the hand-made model."""


def matched(model, mean, deviation, n=400):
    shape = (n, model.latent_size)
    posteriors = Posteriors(np.full(shape, mean, np.float32), np.full(shape, deviation, np.float32))
    return measure_prior(model, posteriors, np.random.default_rng(0))


def test_codes_that_are_draws_of_the_prior_cannot_be_told_apart(fluorine):
    found = matched(fluorine, 0.0, 1.0)
    assert (found.prior, found.compared) == ("normal", "draws")
    assert found.auc_prior == pytest.approx(0.5, abs=0.07)
    assert found.auc_normal == pytest.approx(0.5, abs=0.07)


def test_densities_are_those_of_the_normal_distribution(fluorine):
    found = matched(fluorine, 0.0, 1.0)
    entropy = 0.5 * SIZE * (1 + log(2 * pi))
    for name in ("draws", "prior", "normal"):
        assert found.log_density[name].mean == pytest.approx(-entropy, abs=0.4)
    assert found.log_density["means"].mean == pytest.approx(-0.5 * SIZE * log(2 * pi), rel=1e-5)


def test_codes_far_out_are_less_dense_and_codes_at_the_centre_denser(fluorine):
    assert matched(fluorine, 10.0, 0.1).auc_prior == 0.0
    assert matched(fluorine, 0.0, 0.01).auc_prior == 1.0


def test_a_learned_prior_is_compared_with_posterior_means(tiny_model):
    selfies_rows = [("[C]",) * n for n in range(2, 14)]
    posteriors = Posteriors.encode(tiny_model, selfies_rows)
    found = measure_prior(tiny_model, posteriors, np.random.default_rng(0))
    assert (found.prior, found.compared) == ("learned", "means")
    densities = tiny_model.log_density(posteriors.mean)
    assert found.log_density["means"].mean == pytest.approx(float(densities.mean()), rel=1e-4)


def test_quantiles_are_named_by_their_share():
    found = LogDensities.summarize(np.arange(101, dtype=np.float32))
    assert found.mean == 50.0
    assert dict(found.quantiles) == {0.05: 5.0, 0.25: 25.0, 0.5: 50.0, 0.75: 75.0, 0.95: 95.0}
