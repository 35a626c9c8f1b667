import numpy as np
import pytest

from molvae.training.config import TrainConfig
from molvae.training.schedule import kl_weight, learning_rate


def test_the_learning_rate_rises_then_follows_a_cosine_to_a_hundredth():
    config = TrainConfig(learning_rate=1.0, warmup=0.09)
    assert learning_rate(config, 0.0, 0.01) == pytest.approx(0.1)
    assert learning_rate(config, 0.045, 0.0) == pytest.approx(0.5, abs=0.01)
    assert learning_rate(config, 0.5, 0.01) == pytest.approx(0.505)
    assert learning_rate(config, 1.0, 0.01) == pytest.approx(0.01)


# 60 updates ended within a warm-up of 200, at 8 % of the peak.
def test_a_training_of_few_updates_reaches_its_peak_learning_rate():
    config = TrainConfig(learning_rate=1.0)
    rates = [learning_rate(config, step / 60, 1 / 60) for step in range(60)]
    assert max(rates) > 0.95


def test_a_training_of_20000_updates_warms_up_for_200():
    config = TrainConfig(learning_rate=1.0)
    rates = [learning_rate(config, step / 20_000, 1 / 20_000) for step in range(300)]
    assert rates[0] == pytest.approx(1 / 201)
    assert rates[99] == pytest.approx(100 / 201, rel=1e-3)
    assert int(np.argmax(rates)) == 200


def test_without_warmup_the_learning_rate_is_at_its_peak_at_once():
    assert learning_rate(TrainConfig(learning_rate=1.0, warmup=0.0), 0.0) == pytest.approx(1.0)


def test_linear_beta_rises_once():
    config = TrainConfig(beta=0.4, beta_warmup=0.5)
    progress = [0.0, 0.25, 0.5, 1.0]
    assert [kl_weight(config, p) for p in progress] == pytest.approx([0.0, 0.2, 0.4, 0.4])


def test_without_warmup_beta_is_whole_from_the_start():
    assert kl_weight(TrainConfig(beta=0.3, beta_warmup=0.0), 0.0) == 0.3
