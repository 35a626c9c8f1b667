import csv

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import smiles_or_none, to_selfies
from molvae.denoising import denoise
from molvae.denoising_config import DenoiseConfig
from molvae.errors import ConfigError
from molvae.molecule_vae import MoleculeVAE


@pytest.fixture(scope="module")
def zinc():
    return MoleculeVAE.from_pretrained("zinc250k", "cpu")


@pytest.fixture(scope="module")
def originals(few_molecules):
    with few_molecules.open() as stream:
        texts = [row["smiles"] for row in csv.DictReader(stream)][:12]
    return [to_selfies(Molecule.parse(text)) for text in texts]


def damage(selfies, symbols, generator):
    """The SELFIES with a random symbol in the place of another."""
    damaged = list(selfies)
    position = int(generator.integers(len(damaged)))
    others = [symbol for symbol in symbols if symbol != damaged[position]]
    damaged[position] = others[int(generator.integers(len(others)))]
    return tuple(damaged)


def test_wrong_symbols_are_restored_more_often_than_they_are_harmless(zinc, originals):
    generator = np.random.default_rng(0)
    damaged = [damage(row, zinc.vocabulary.symbols, generator) for row in originals]
    restored = denoise(zinc, damaged)
    expected = [smiles_or_none(row) for row in originals]
    harmless = sum(smiles_or_none(a) == b for a, b in zip(damaged, expected, strict=True))
    recovered = sum(a.smiles == b for a, b in zip(restored, expected, strict=True))
    assert recovered >= harmless + 4
    for row, molecule in zip(damaged, restored, strict=True):
        pairs = zip(row, molecule.selfies, strict=True)
        assert molecule.changed == sum(a != b for a, b in pairs)
        assert molecule.smiles == smiles_or_none(molecule.selfies)


def test_a_low_error_rate_keeps_every_symbol(zinc, originals):
    restored = denoise(zinc, originals[:3], DenoiseConfig(error_rate=1e-30))
    for row, molecule in zip(originals[:3], restored, strict=True):
        assert (molecule.selfies, molecule.changed) == (row, 0)


def test_symbols_that_the_model_does_not_know_are_replaced(zinc, originals):
    row = originals[0]
    unknown = (*row[:3], "[Xe]", *row[4:])
    (molecule,) = denoise(zinc, [unknown], DenoiseConfig(beam=4))
    assert molecule.changed > 0
    assert "[Xe]" not in molecule.selfies
    assert denoise(zinc, [()])[0].selfies == ()


@pytest.mark.parametrize("settings", [{"error_rate": 0.0}, {"error_rate": 1.0}, {"beam": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        DenoiseConfig.parse(settings)
