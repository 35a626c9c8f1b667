from operator import eq

import numpy as np
import pytest

from molvae.benchmarks.latent import benchmark_latent, latent_text
from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_order import nearest_neighbors, other_selfies, ridge_r2
from molvae.benchmarks.latent_reference import Reference
from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies

SMALL = LatentConfig(
    molecules=60,
    exact_molecules=40,
    candidates=4,
    closest_molecules=20,
    edited=20,
    respelled=20,
    held_out=30,
    starts=5,
    directions=2,
    samples=30,
    fcd=False,
    workers=1,
)


@pytest.fixture(scope="module")
def record(tiny_model, few_molecules):
    return benchmark_latent(tiny_model, few_molecules, [few_molecules], SMALL)


def figure(record, name):
    return next(row for row in record["figures"] if row["name"] == name)


def test_exact_shares_are_those_of_the_models_own_reconstruction(record, tiny_model, few_molecules):
    lines = few_molecules.read_text().splitlines()[1:41]
    molecules = [Molecule.parse(line.split(",")[0]) for line in lines]
    came = tiny_model.reconstruct(molecules)
    exact = sum(a == b for a, b in zip(molecules, came, strict=True)) / len(molecules)
    row = figure(record, "exact, few.csv")
    assert row["value"] == pytest.approx(exact)
    assert row["control"] == 1.0
    assert row["basis"] == 40
    closest = figure(record, "exact, few.csv, closest of 4")
    assert closest["value"] >= sum(map(eq, molecules[:20], came[:20])) / 20
    assert closest["basis"] == 20


def test_the_elbo_gap_is_reconstruction_plus_kl_less_the_nll_of_the_prior(record):
    terms = [
        figure(record, name)["value"]
        for name in ("reconstruction, nats", "KL, nats", "NLL of the learned prior, nats")
    ]
    gap = next(row["value"] for row in record["figures"] if row["name"].startswith("ELBO gap"))
    assert gap == pytest.approx(terms[0] + terms[1] - terms[2])


def test_the_same_seed_gives_the_same_figures(record, tiny_model, few_molecules):
    again = benchmark_latent(tiny_model, few_molecules, [few_molecules], SMALL)
    assert again == record


def test_the_table_shows_the_control_beside_each_figure(record):
    lines = latent_text(record).splitlines()
    row = figure(record, "ridge R2, logp")
    line = next(line for line in lines if line.startswith("ridge R2, logp"))
    assert f"{row['value']:.3f}" in line
    assert f"{row['control']:.3f}" in line
    assert len(lines) == len(record["figures"]) + 1


def test_ridge_fits_a_linear_function_and_no_noise():
    generator = np.random.default_rng(0)
    x = generator.standard_normal((600, 5))
    linear = x @ np.arange(5.0)
    noise = generator.standard_normal(600)
    fitted = ridge_r2(x, np.stack([linear, noise], axis=1), 480)
    assert fitted[0] > 0.99
    assert fitted[1] < 0.1


def test_neighbors_of_a_perfect_space_are_as_similar_as_possible():
    smiles = ["CCCCO", "CCCCCO", "c1ccccc1", "Cc1ccccc1", "CC(=O)N", "CCC(=O)N"]
    molecules = tuple(map(Molecule.parse, smiles))
    z = np.array([[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]], dtype=np.float32)
    reference = Reference(molecules, tuple(map(to_selfies, molecules)), z, np.ones_like(z))
    best, random = nearest_neighbors(reference, SMALL)
    assert best.value == pytest.approx(best.control)
    assert best.value > random.control


def test_a_space_of_strings_takes_another_selfies_for_another_molecule(tiny_model, few_molecules):
    lines = few_molecules.read_text().splitlines()[1:61]
    molecules = [Molecule.parse(line.split(",")[0]) for line in lines]
    smiles = [molecule.smiles for molecule in molecules]
    reference = Reference.encode(tiny_model, smiles, list(map(to_selfies, molecules)))
    nearest, distance = other_selfies(tiny_model, reference, SMALL)
    assert 0.0 <= nearest.value < 0.9
    assert nearest.control == pytest.approx(1 / 60)
    assert distance.value > 0.0
