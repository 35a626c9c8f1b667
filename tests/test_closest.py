import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.closest import decode_closest
from molvae.molecule_vae import MoleculeVAE

DRUGS = [
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "COc1ccc2cc(C(C)C(=O)O)ccc2c1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN(C)CCc1c[nH]c2ccc(CS(=O)(=O)N3CCCC3)cc12",
    "Clc1ccccc1C1=NCC(=O)Nc2ccc([N+](=O)[O-])cc12",
    "CCCc1nn(C)c2c(=O)[nH]c(-c3cc(S(=O)(=O)N4CCN(C)CC4)ccc3OCC)nc12",
    "Fc1ccc(C(OCCN2CCN(CC=Cc3ccccc3)CC2)c2ccc(F)cc2)cc1",
    "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O",
    "NS(=O)(=O)c1cc2c(cc1Cl)NCNS2(=O)=O",
]


@pytest.fixture(scope="module")
def moses():
    return MoleculeVAE.from_pretrained("moses", "cpu")


def density(model, z, molecule):
    """Log-density of a latent vector under the posterior of a molecule, up to a constant."""
    mean, deviation = model.posterior([to_selfies(molecule)])
    return -(0.5 * ((z - mean) / deviation) ** 2 + np.log(deviation)).sum()


def test_the_chosen_molecule_fits_the_latent_vector_better_than_the_greedy_one(moses):
    latents = moses.encode(DRUGS)
    greedy, closest = moses.decode(latents), decode_closest(moses, latents, 8)
    changed = [
        (z, first, chosen)
        for z, first, chosen in zip(latents, greedy, closest, strict=True)
        if chosen != first
    ]
    assert changed
    for z, first, chosen in changed:
        # A molecule with a symbol that the model does not know has no posterior.
        if all(symbol in moses.vocabulary for symbol in to_selfies(first)):
            assert density(moses, z, chosen) > density(moses, z, first)


def test_what_greedy_decoding_brings_back_is_kept_and_more_comes_back(moses):
    molecules = [Molecule.parse(smiles) for smiles in DRUGS]
    latents = moses.encode(molecules)
    greedy, closest = moses.decode(latents), decode_closest(moses, latents, 32)
    for molecule, first, chosen in zip(molecules, greedy, closest, strict=True):
        assert chosen == molecule or first != molecule
    assert closest.count(None) <= greedy.count(None)


def test_the_same_seed_gives_the_same_molecules(moses):
    latents = np.random.default_rng(1).standard_normal((5, moses.latent_size)).astype(np.float32)
    one, other = (decode_closest(moses, latents, 4, seed=3) for _ in range(2))
    assert one == other


def test_without_candidates_decoding_is_greedy(moses):
    latents = np.random.default_rng(1).standard_normal((5, moses.latent_size)).astype(np.float32)
    assert decode_closest(moses, latents, 0) == moses.decode(latents)
    assert decode_closest(moses, latents[:0]) == []
