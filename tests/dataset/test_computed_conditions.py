"""Computed properties beside the token store."""

import random

import numpy as np
import pytest
import safetensors.numpy

from molvae.dataset.conditions import add_conditions
from molvae.dataset.preparation import prepare_corpus

NAMES = ("weight", "qed")


@pytest.fixture
def corpus(tmp_path):
    data = tmp_path / "molecules.csv"
    data.write_text("\n".join(["smiles", *("C" * length for length in range(1, 20)), ""]))
    return prepare_corpus(data, workers=1)


def test_properties_are_computed_again_if_a_bit_of_their_file_has_flipped(corpus):
    values = add_conditions(corpus, NAMES, workers=1).conditions
    file = corpus.folder / "properties.safetensors"
    content, generator = file.read_bytes(), random.Random(0)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[generator.randrange(len(damaged))] ^= 1 << generator.randrange(8)
        file.write_bytes(damaged)
        conditions = add_conditions(corpus, NAMES, workers=1).conditions
        np.testing.assert_array_equal(conditions, values)
        assert file.read_bytes() == content


def test_properties_of_an_intact_file_are_not_computed_again(corpus):
    add_conditions(corpus, NAMES, workers=1)
    written = (corpus.folder / "properties.safetensors").stat().st_mtime_ns
    add_conditions(corpus, NAMES[:1], workers=1)
    assert (corpus.folder / "properties.safetensors").stat().st_mtime_ns == written


def test_a_file_with_a_single_number_is_replaced(corpus):
    file = corpus.folder / "properties.safetensors"
    safetensors.numpy.save_file({"weight": np.array(1.0, dtype=np.float32)}, file)
    conditions = add_conditions(corpus, ("weight",), workers=1).conditions
    assert conditions[0, 0] == pytest.approx(16.04, abs=0.01)
