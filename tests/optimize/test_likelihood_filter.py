import numpy as np
import pytest
import torch

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.errors import ModelError
from molvae.model.batching import pad_ids
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.filters import LikelihoodFilter

USUAL = [to_selfies(Molecule.parse("C" * n + "O")) for n in range(1, 7)]
LONG = to_selfies(Molecule.parse("C1CC1C1CC1C1CC1C1CC1"))


def per_symbol(model, selfies):
    """By the logits, one symbol after the other."""
    language_model = model.network.language_model
    ids, _ = pad_ids([model.vocabulary.encode(selfies)])
    states = language_model.start(language_model.empty_context(1))
    last, total = 1, 0.0
    with torch.inference_mode():
        for each in ids[0].tolist():
            logits, states = language_model.step(language_model.token_gates()[[last]], states)
            total -= float(torch.log_softmax(logits, 1)[0, each])
            last = each
    return total / len(ids[0])


def test_the_surprise_is_that_of_each_symbol_after_those_before(tiny_model):
    nll = tiny_model.nll([LONG, *USUAL])
    sizes = [len(one) + 1 for one in (LONG, *USUAL)]
    expected = [per_symbol(tiny_model, one) for one in (LONG, *USUAL)]
    np.testing.assert_allclose(nll / sizes, expected, rtol=1e-4)


def test_the_bound_lies_so_many_deviations_above_the_mean(tiny_model):
    found = np.array([per_symbol(tiny_model, one) for one in USUAL])
    bound = LikelihoodFilter(tiny_model, USUAL, 1.5)
    assert bound.limit == pytest.approx(found.mean() + 1.5 * found.std(), rel=1e-4)
    assert bound.admits(USUAL).tolist() == (found <= bound.limit).tolist()


def test_what_cannot_be_spelled_is_out(tiny_model):
    bound = LikelihoodFilter(tiny_model, USUAL, 100.0)
    assert bound.admits([USUAL[0], None]).tolist() == [True, False]
    assert bound.admits([None]).tolist() == [False]


def test_a_model_without_a_language_model_has_no_surprise(tiny_model):
    config = tiny_model.network.config.with_changes({"prior_size": 0})
    plain = MoleculeVAE.untrained(tiny_model.vocabulary, config)
    with pytest.raises(ModelError, match="no learned prior"):
        plain.nll(USUAL)
