import pytest
import torch

from molvae.errors import ConfigError
from molvae.model_card import ModelCard
from molvae.training.config import TrainConfig
from molvae.training.plan import inherit_training, move_to_device, resolve_machine


@pytest.fixture(autouse=True)
def _without_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def moved(plan, device, processes):
    """The settings of a plan that is moved to another device."""
    return move_to_device(plan, device, processes, lambda device: torch.float32).train


@pytest.fixture
def apple_plan(tiny_plan):
    """The plan of a training that began on an Apple GPU."""
    config = tiny_plan.train.with_changes({"device": "mps", "precision": "bfloat16"})
    return tiny_plan.model_copy(update={"train": config})


@pytest.mark.parametrize("device", [None, "cuda"])
def test_a_device_that_is_missing_is_refused(apple_plan, device):
    with pytest.raises(ConfigError, match="`device=auto`"):
        moved(apple_plan, device, None)


def test_another_device_has_another_precision_and_number_of_processes(apple_plan):
    config = moved(apple_plan, "auto", None)
    assert (config.device, config.precision) == ("cpu", "float32")
    assert config.processes >= 1
    assert moved(apple_plan, "auto", 3).processes == 3


def test_the_same_device_keeps_precision_and_processes(tiny_plan):
    config = tiny_plan.train.with_changes({"precision": "bfloat16", "processes": 2})
    plan = tiny_plan.model_copy(update={"train": config})
    assert moved(plan, "cpu", None) == config
    assert moved(plan, None, 3).processes == 3


def test_the_precision_is_measured_only_when_it_is_automatic(tiny_plan):
    automatic = tiny_plan.train.with_changes({"precision": "auto"})
    assert resolve_machine(automatic, lambda device: torch.bfloat16).precision == "bfloat16"
    assert resolve_machine(tiny_plan.train, lambda device: torch.bfloat16).precision == "float32"


def test_a_training_that_starts_from_a_model_keeps_its_beta():
    config = inherit_training(ModelCard({"beta": 0.3}), TrainConfig())
    assert (config.beta, config.beta_warmup, config.learning_rate) == (0.3, 0.0, 1e-3)
    # Models of earlier versions do not say.
    assert inherit_training(ModelCard({}), TrainConfig()).beta == 0.01


def test_settings_that_are_given_hold_for_a_training_that_starts_from_a_model():
    given = TrainConfig(beta=0.1, beta_warmup=0.2, learning_rate=5e-3)
    assert inherit_training(ModelCard({"beta": 0.3}), given) == given
