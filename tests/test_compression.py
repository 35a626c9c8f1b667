import gzip
import math

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.compression import code_lengths, reference_code_lengths
from molvae.molecule_vae import MoleculeVAE

SMILES = ["CC(=O)Nc1ccccc1", "CCO", "CC(C)CN"]


def test_a_code_length_is_the_nll_in_bits(tiny_model):
    lengths = code_lengths(tiny_model, SMILES)
    rows = [to_selfies(Molecule.parse(smiles)) for smiles in SMILES]
    nats = tiny_model.nll(rows)
    assert lengths.language_model.tolist() == pytest.approx((nats / math.log(2)).tolist(), rel=1e-5)
    assert lengths.means()["language_model"] == pytest.approx(nats.mean() / math.log(2), rel=1e-5)
    assert (lengths.vae > 0).all()


def test_tokens_of_equal_frequency_cost_their_logarithm(tiny_model):
    # [C], [O] and the end occur once each: log2(3) bits for each of three.
    (bits,) = [reference_code_lengths(tiny_model, ["CO"], [("[C]", "[O]")])["token_entropy"]]
    assert bits == pytest.approx(3 * math.log2(3))


def test_gzip_is_the_size_of_the_packed_file(tiny_model):
    rows = [to_selfies(Molecule.parse(smiles)) for smiles in SMILES]
    packed = gzip.compress(("\n".join(SMILES) + "\n").encode(), 9)
    bits = reference_code_lengths(tiny_model, SMILES, rows)
    assert bits["gzip"] == pytest.approx(8 * len(packed) / 3)
    assert bits["xz"] > 0


def test_without_a_learned_prior_only_the_vae_has_a_code(tiny_model):
    config = tiny_model.network.config.with_changes({"prior_size": 0})
    model = MoleculeVAE.untrained(tiny_model.vocabulary, config)
    lengths = code_lengths(model, SMILES)
    assert np.isnan(lengths.language_model).all()
    assert (lengths.vae > 0).all()
