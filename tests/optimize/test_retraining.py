import numpy as np
import pytest
import torch

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.optimize.combined.combined_config import RetrainingConfig
from molvae.optimize.combined.retraining import Retrainer, rank_weights
from molvae.optimize.combined.sources.source import EncodedMolecule

SMILES = ("CC(=O)Nc1ccc(O)cc1", "O=C(O)c1ccccc1", "CCN(CC)CC", "COc1ccccc1N")
CONFIG = RetrainingConfig(updates=100, batch_size=16, rehearsed=4, learning_rate=3e-3)


def coded(model, smiles=SMILES):
    selfies_rows = [to_selfies(Molecule.parse(one)) for one in smiles]
    return [
        EncodedMolecule(*row)
        for row in zip(selfies_rows, *model.posterior(selfies_rows), strict=True)
    ]


def written(model, latents):
    return [molecule and molecule.smiles for molecule in model.decode(latents)]


@pytest.fixture(scope="module")
def retrained(tiny_model):
    elites = coded(tiny_model)
    retrainer = Retrainer(tiny_model, CONFIG)
    retrainer.retrain(elites, elites[:2], np.random.default_rng(0))
    return retrainer


def test_elites_are_learned_by_the_decoder_alone(tiny_model, retrained):
    latents = np.stack([one.mean for one in coded(tiny_model)])
    before = sum(a == b for a, b in zip(written(tiny_model, latents), SMILES, strict=True))
    after = sum(a == b for a, b in zip(written(retrained.model, latents), SMILES, strict=True))
    assert before == 0
    assert after >= 2
    # Codes stay where they are.
    np.testing.assert_array_equal(retrained.model.encode(SMILES), tiny_model.encode(SMILES))


def test_the_prior_makes_elites_up(tiny_model, retrained):
    selfies_rows = {to_selfies(Molecule.parse(one)) for one in SMILES}

    def share(model):
        ids = model.draw(200, np.random.default_rng(0)).selfies_rows
        return sum(one in selfies_rows for one in ids) / 200

    assert share(tiny_model) < 0.01
    assert share(retrained.model) > 0.1


def test_the_language_model_takes_the_best_elite_to_be_likelier(tiny_model, retrained):
    best = [to_selfies(Molecule.parse(SMILES[0]))]
    # In nats; the decoder, which follows too, has no part in it.
    assert retrained.model.nll(best)[0] < tiny_model.nll(best)[0] - 10.0


def test_the_model_that_was_given_stays_as_it_is(tiny_model):
    before = {name: one.clone() for name, one in tiny_model.network.state_dict().items()}
    retrainer = Retrainer(tiny_model, CONFIG)
    made_up = retrainer.sample_original(10)
    retrainer.retrain(coded(tiny_model), [], np.random.default_rng(0))
    for name, weight in tiny_model.network.state_dict().items():
        assert torch.equal(weight, before[name])
    assert retrainer.sample_original(10) == made_up


def test_the_copy_of_the_weights_is_made_anew_when_they_change(tiny_model):
    retrainer = Retrainer(tiny_model, CONFIG)
    given = retrainer.weights()
    assert retrainer.weights() is given
    others = {name: weight + 1.0 for name, weight in given.items()}
    retrainer.restore(others)
    for name, weight in retrainer.weights().items():
        np.testing.assert_array_equal(weight, others[name])
    retrainer.reset()
    for name, weight in retrainer.weights().items():
        np.testing.assert_array_equal(weight, given[name])


def test_reset_and_restore_are_exact(tiny_model, retrained):
    latents = np.random.default_rng(0).standard_normal((20, tiny_model.latent_size))
    learned, weights = list(retrained.model.decode_symbols(latents)), retrained.weights()
    retrained.reset()
    assert list(retrained.model.decode_symbols(latents)) == list(tiny_model.decode_symbols(latents))
    retrained.restore(weights)
    assert list(retrained.model.decode_symbols(latents)) == learned
    assert learned != list(tiny_model.decode_symbols(latents))


def test_what_writes_in_low_precision_follows_the_model(tiny_model):
    retrainer = Retrainer(tiny_model, CONFIG.with_changes({"precision": "bfloat16"}))
    elites = coded(tiny_model)
    latents = np.stack([one.mean for one in elites])
    assert not {*written(retrainer.writer, latents)} & {*SMILES}
    retrainer.retrain(elites, elites[:2], np.random.default_rng(0))
    assert retrainer.writer.network.decoder.to_logits.weight.dtype == torch.bfloat16
    assert len({*written(retrainer.writer, latents)} & {*SMILES}) >= 2
    assert len({one.smiles for one in retrainer.writer.sample(50) if one} & {*SMILES}) >= 1
    # Codes are in full precision, and the copy that learns is too.
    np.testing.assert_array_equal(retrainer.writer.encode(SMILES), tiny_model.encode(SMILES))
    assert retrainer.weights()["decoder.to_logits.weight"].dtype == np.float32
    retrainer.reset()
    assert not {*written(retrainer.writer, latents)} & {*SMILES}


def test_where_low_precision_is_no_faster_the_model_writes_itself(tiny_model):
    retrainer = Retrainer(tiny_model, CONFIG.with_changes({"precision": "float32"}))
    assert retrainer.writer is retrainer.model


def test_equal_seeds_make_equal_weights(tiny_model):
    elites = coded(tiny_model)
    both = [Retrainer(tiny_model, CONFIG.with_changes({"updates": 4})) for _ in "12"]
    for one in both:
        one.retrain(elites, elites[:2], np.random.default_rng(0))
    for name, weight in both[0].weights().items():
        np.testing.assert_array_equal(weight, both[1].weights()[name])


def test_better_ranks_weigh_more():
    # Tripp et al. 2020, equation 3, by hand: N = 4, k = 0.5 gives 1/2, 1/3, 1/4, 1/5.
    expected = np.array([30, 20, 15, 12]) / 77
    np.testing.assert_allclose(rank_weights(4, 0.5), expected)
    assert rank_weights(100, 0.01)[0] / rank_weights(100, 0.01)[99] == pytest.approx(100)
