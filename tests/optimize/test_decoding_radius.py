import numpy as np
import pytest
import torch

from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.decoding_radius import decoding_radius


def copied(model):
    copy = MoleculeVAE.untrained(model.vocabulary, model.network.config)
    weights = {
        name: weight
        for name, weight in model.network.state_dict().items()
        if not name.startswith("head.")
    }
    copy.network.load_state_dict(weights)
    return copy


def with_deviations(model, factor):
    """The same model with all posteriors wider or narrower."""
    copy = copied(model)
    with torch.no_grad():
        copy.network.to_posterior.bias[copy.latent_size :] += 2 * np.log(factor)
    return copy


def share_away(model, scale):
    selfies_rows = [one for one in model.draw(64, np.random.default_rng(1)).selfies_rows if one]
    mean, deviation = model.posterior(selfies_rows)
    noise = np.random.default_rng(2).standard_normal(mean.shape, np.float32)
    there = model.decode_symbols(mean + np.float32(scale) * deviation * noise)
    pairs = zip(there, model.decode_symbols(mean), strict=True)
    return np.mean([one != other for one, other in pairs])


def test_about_half_of_the_points_decode_to_something_else_there(tiny_model):
    # The tiny model hardly listens to its codes: only points far from them tell it anything.
    wide = with_deviations(tiny_model, 16)
    scale = decoding_radius(wide)
    assert scale == decoding_radius(wide)
    assert share_away(wide, 0.25 * scale) < 0.5 < share_away(wide, 2 * scale)


def test_it_is_measured_once_for_the_same_weights(tiny_model, monkeypatch):
    wide = with_deviations(tiny_model, 16)
    scale = decoding_radius(wide)
    monkeypatch.setattr(MoleculeVAE, "draw", None)
    assert decoding_radius(copied(wide)) == scale
    with pytest.raises(TypeError):
        decoding_radius(with_deviations(tiny_model, 15))


def test_narrower_posteriors_reach_further(tiny_model):
    wide, narrow = (with_deviations(tiny_model, factor) for factor in (32, 16))
    assert decoding_radius(narrow) == pytest.approx(2 * decoding_radius(wide))


def test_a_decoder_that_writes_the_same_everywhere_is_looked_at_from_afar(tiny_model):
    deaf = copied(tiny_model)
    with torch.no_grad():
        deaf.network.decoder.to_state.weight.zero_()
        deaf.network.decoder.layers[0].weights[0][:, -deaf.latent_size :].zero_()
    assert decoding_radius(deaf) == 8.0
