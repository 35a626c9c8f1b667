import numpy as np
import pytest
import torch

from molvae.errors import ConfigError
from molvae.model.latents import add_noise
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.noise_calibration import NoiseCalibration, noisy_latents
from molvae.optimize.combined.sources import SourceName, build_sources
from molvae.optimize.combined.sources.source import EncodedMolecule, Parent, SourceContext


@pytest.fixture(scope="module")
def model_with_shared_decoder(tiny_model):
    """An untrained model with a shared decoder and the vocabulary of the tiny one."""
    config = tiny_model.network.config.with_changes({"decoder": "shared", "prior_size": 0})
    untrained = MoleculeVAE.untrained(tiny_model.vocabulary, config)
    model = MoleculeVAE(tiny_model.vocabulary, untrained.network, card={"max_symbols": 12})
    # As far from 0 as that of a trained model, so that tokens depend on z.
    with torch.no_grad():
        model.network.to_posterior.weight.mul_(30.0)
        model.network.decoder.to_state.weight.mul_(30.0)
    return model


def test_the_level_for_a_similarity_lies_between_those_measured():
    calibration = NoiseCalibration(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.6, 0.2]))
    levels = calibration.level_at(np.array([1.0, 0.8, 0.6, 0.1]))
    assert levels.tolist() == pytest.approx([0.0, 0.25, 0.5, 1.0])


def test_similarity_falls_with_noise_and_is_measured_once(model_with_shared_decoder, monkeypatch):
    calibration = NoiseCalibration.of(model_with_shared_decoder)
    assert calibration.similarities[0] == 1.0
    assert (np.diff(calibration.similarities) <= 0.0).all()
    assert calibration.similarities[-1] < 0.5
    assert (np.diff(calibration.levels) > 0.0).all()
    monkeypatch.setattr(MoleculeVAE, "draw", None)
    assert NoiseCalibration.of(model_with_shared_decoder) is calibration


def test_other_decoders_have_no_noise_levels(tiny_model):
    with pytest.raises(ConfigError, match="decoder"):
        NoiseCalibration.of(tiny_model)


def test_noise_levels_change_what_is_decoded(model_with_shared_decoder):
    z = np.random.default_rng(0).standard_normal(
        (20, model_with_shared_decoder.latent_size), np.float32
    )
    levels = np.zeros(20, np.float32)
    clean = list(model_with_shared_decoder.decode_symbols(z))
    assert list(model_with_shared_decoder.decode_symbols(z, noise_levels=levels)) == clean
    levels[10:] = 0.9
    mixed = list(model_with_shared_decoder.decode_symbols(z, noise_levels=levels))
    assert mixed[:10] == clean[:10]
    assert mixed[10:] != clean[10:]


def test_noise_is_mixed_as_in_training():
    z = np.ones((2, 3), np.float32)
    levels = np.array([0.0, 0.5], np.float32)
    noisy = noisy_latents(z, levels, np.random.default_rng(0))
    noise = np.random.default_rng(0).standard_normal((2, 3), np.float32)
    expected = add_noise(*(torch.from_numpy(array) for array in (z, levels, noise)))
    np.testing.assert_allclose(noisy, expected.numpy())


def test_neighbors_are_decoded_at_the_level_of_their_distance(tiny_model):
    calibration = NoiseCalibration(np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    context = SourceContext(
        CombinedConfig().cleaning, tiny_model.vocabulary.symbols, noise=calibration
    )
    code = EncodedMolecule(("[C]",), np.zeros(3, np.float32), np.ones(3, np.float32))
    parents = [Parent("C", scale, code) for scale in (0.5, 2.0)]
    [job] = build_sources(context)[SourceName.NEIGHBORS].jobs(
        2, [parents], np.random.default_rng(0)
    )
    assert job.noise_levels == pytest.approx([1.0 - np.exp(-0.25), 1.0 - np.exp(-1.0)])
    assert len(job.templates) == 2
