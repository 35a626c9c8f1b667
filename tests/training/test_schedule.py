import pytest

from molvae.training.config import TrainConfig
from molvae.training.schedule import kl_weight, learning_rate


def test_the_learning_rate_rises_then_follows_a_cosine_to_a_hundredth():
    config = TrainConfig(learning_rate=1.0, warmup_steps=9)
    assert learning_rate(config, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(config, 9, 0.0) == pytest.approx(1.0)
    assert learning_rate(config, 100, 0.5) == pytest.approx(0.505)
    assert learning_rate(config, 200, 1.0) == pytest.approx(0.01)


def test_linear_beta_rises_once():
    config = TrainConfig(beta=0.4, beta_warmup=0.5)
    progress = [0.0, 0.25, 0.5, 1.0]
    assert [kl_weight(config, p) for p in progress] == pytest.approx([0.0, 0.2, 0.4, 0.4])


def test_without_warmup_beta_is_whole_from_the_start():
    assert kl_weight(TrainConfig(beta=0.3, beta_warmup=0.0), 0.0) == 0.3
