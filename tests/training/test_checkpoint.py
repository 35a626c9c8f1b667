"""Damage to a checkpoint is refused; what was written is read."""

import random

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from molvae.errors import MolvaeError
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint

STATE = TrainingState(step=7, seconds=1.5, best_loss=2.5, bad_validations=3)


def network_and_optimizer():
    config = ModelConfig(
        decoder="separate",
        embedding_size=2,
        encoder_size=2,
        decoder_size=2,
        latent_size=2,
        prior_size=0,
    )
    network = SequenceVAE(config, 5)
    return network, torch.optim.Adam(network.parameters())


@pytest.fixture
def checkpoint(tmp_path):
    network, optimizer = network_and_optimizer()
    for weight in network.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    write_checkpoint(tmp_path / "checkpoint.safetensors", STATE, network, optimizer)
    return tmp_path / "checkpoint.safetensors"


def read(path):
    network, optimizer = network_and_optimizer()
    state = read_checkpoint(path, network, optimizer)
    return state, network.state_dict(), optimizer.state_dict()["state"]


def test_a_checkpoint_is_read_as_it_was_written(checkpoint):
    state, weights, moments = read(checkpoint)
    assert state == STATE
    stored = load_file(checkpoint)
    assert all(torch.equal(stored[f"weight.{name}"], weight) for name, weight in weights.items())
    assert moments[0]["step"] == 1


def test_a_flipped_bit_is_never_believed(checkpoint):
    content, choose = checkpoint.read_bytes(), random.Random(0)
    for _ in range(200):
        changed = bytearray(content)
        changed[choose.randrange(len(content))] ^= 1 << choose.randrange(8)
        checkpoint.write_bytes(changed)
        with pytest.raises(MolvaeError, match="checkpoint"):
            read(checkpoint)


def test_a_checkpoint_without_a_digest_is_read_by_its_earlier_names(checkpoint):
    state = '{"step": 7, "counts": true, "worthwhile_loss": 2.0, "stale": 4}'
    save_file(load_file(checkpoint), checkpoint, {"state": state})
    with safe_open(checkpoint, framework="pt") as stored:
        assert set(stored.metadata()) == {"state"}
    found = read(checkpoint)[0]
    assert (found.best_is_after_warmup, found.reference_loss, found.bad_validations) == (True, 2, 4)
