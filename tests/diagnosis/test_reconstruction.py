from math import isnan, log

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from molvae.chem.notation import to_selfies_batch
from molvae.diagnosis.held_out import measure_held_out
from molvae.diagnosis.reconstruction import jtvae_reconstruction, refined_reconstruction
from molvae.molecule_vae import MoleculeVAE

FF, CO, CCO = ("[F]", "[F]"), ("[C]", "[O]"), ("[C]", "[C]", "[O]")


def test_the_protocol_counts_every_draw_of_every_molecule(fluorine):
    assert jtvae_reconstruction(fluorine, [FF, CO, FF, CO]) == 0.5


def test_the_protocol_draws_symbols_at_temperature_one(writer):
    # [C], then the end: 0.5 x 0.5. Greedy decoding or another temperature gives another share.
    model = writer({"[C]": 0.5, "end": 0.5})
    assert jtvae_reconstruction(model, [("[C]",)] * 100) == pytest.approx(0.25, abs=0.02)
    model = writer({"[C]": 0.9, "end": 0.1})
    assert jtvae_reconstruction(model, [("[C]",)] * 100) == pytest.approx(0.09, abs=0.015)


def test_the_protocol_draws_points_of_the_posterior(tiny_model):
    selfies_rows = [CO, CCO]
    _, deviation = tiny_model.posterior(selfies_rows)
    narrow = tiny_model.extend((), tiny_model.property_names)
    with torch.no_grad():
        narrow.network.to_posterior.bias[tiny_model.latent_size :] += 8.0
    assert (narrow.posterior(selfies_rows)[1] > 10 * deviation).all()
    wide = jtvae_reconstruction(narrow, selfies_rows, encodings=20, seed=1)
    assert wide != jtvae_reconstruction(tiny_model, selfies_rows, encodings=20, seed=1)


def test_refined_reconstruction_counts_what_comes_back_from_refined_vectors():
    model = MoleculeVAE.from_pretrained("zinc250k", "cpu")
    smiles = ["CCO", "CCCc1nn(C)c2c(=O)[nH]c(-c3cc(S(=O)(=O)N4CCN(C)CC4)ccc3OCC)nc12"]
    selfies_rows = to_selfies_batch(smiles)
    assert model.reconstruct(smiles)[1].smiles != smiles[1]
    share = refined_reconstruction(model, selfies_rows)
    assert (share.exact, share.molecules) == (1.0, 2)


def test_the_protocol_is_decided_by_its_seed(writer):
    model = writer({"[C]": 0.5, "end": 0.5})
    shares = [jtvae_reconstruction(model, [("[C]",)] * 30, seed=seed) for seed in (1, 1, 2)]
    assert shares[0] == shares[1] != shares[2]


def test_encodings_and_decodings_can_be_fewer(fluorine):
    assert jtvae_reconstruction(fluorine, [FF], encodings=1, decodings=1) == 1.0


def measured(model, selfies_rows):
    noise = np.random.default_rng(0).standard_normal((len(selfies_rows), model.latent_size))
    return measure_held_out(model, selfies_rows, noise.astype(np.float32))


def test_losses_are_those_worked_out_by_hand(writer):
    model = writer({"[C]": 0.25, "[O]": 0.25, "end": 0.5}, prior_size=4)
    found = measured(model, [CO, CCO, ("[O]",)])
    # Two bits a symbol, one for the end; to the language model all ids are equally likely.
    assert found.reconstruction == pytest.approx(np.mean([5, 7, 3]) * log(2), rel=1e-5)
    assert found.language == pytest.approx(3 * log(len(model.vocabulary)), rel=1e-5)
    assert found.elbo_gap == pytest.approx(found.reconstruction + found.kl - found.language)


def test_without_a_learned_prior_there_is_no_language_loss(fluorine):
    assert measured(fluorine, [FF, CO]).language == 0.0
    assert isnan(measured(fluorine, [FF, CO]).elbo_gap)


def test_exact_is_the_share_of_greedy_decodings_from_the_mean(fluorine, tiny_model):
    assert measured(fluorine, [FF, CO, CCO, CO]).exact_reconstruction == 0.25
    selfies_rows = [("[C]",) * n for n in range(2, 12)]
    back = tiny_model.reconstruct(["C" * n for n in range(2, 12)])
    expected = [
        molecule is not None and molecule.smiles == "C" * n for n, molecule in enumerate(back, 2)
    ]
    assert measured(tiny_model, selfies_rows).exact_reconstruction == np.mean(expected)


def test_kl_is_that_of_torch(tiny_model):
    selfies_rows = [CO, CCO, FF]
    mean, deviation = (torch.as_tensor(rows) for rows in tiny_model.posterior(selfies_rows))
    expected = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0)).mean(0)
    found = measured(tiny_model, selfies_rows)
    assert found.kl == pytest.approx(float(expected.sum()), rel=1e-4)
    np.testing.assert_allclose(found.kl_per_dimension, expected.numpy(), rtol=1e-3, atol=1e-5)


def test_active_units_are_those_whose_mean_varies_by_more_than_a_hundredth(tiny_model):
    # Two molecules whose means differ by d have the variance (d / 2) squared.
    first, second = tiny_model.posterior([CO, CCO])[0]
    expected = int(((first - second) ** 2 / 4 > 0.01).sum())
    assert measured(tiny_model, [CO, CCO]).active_units == expected
    assert measured(tiny_model, [CO, CO]).active_units == 0
