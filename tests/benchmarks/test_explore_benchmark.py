import numpy as np
import pytest

from molvae.benchmarks.explore import benchmark_explore
from molvae.benchmarks.explore_completion import SCAFFOLDS
from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.explore_denoising import damage
from molvae.benchmarks.explore_interpolation import fingerprint_paths, interpolation
from molvae.benchmarks.explore_representation import representation
from molvae.benchmarks.latent_reference import Reference
from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.chem.properties import property_values
from molvae.molecule_vae import MoleculeVAE
from molvae.scaffold_completion import check_scaffold
from molvae.scaffold_completion_config import CompleteConfig

SMALL = ExploreConfig(
    molecules=60,
    edited=20,
    damaged=3,
    folds=2,
    pairs=4,
    steps=5,
    scaffolds=1,
    completions=2,
    prior_samples=20,
    workers=1,
)


@pytest.fixture(scope="module")
def record(tiny_model, few_molecules):
    return benchmark_explore(tiny_model, few_molecules, [few_molecules], SMALL)


def test_every_part_has_figures_with_controls(record):
    names = [row["name"] for row in record["figures"]]
    kinds = ("completion", "ridge", "5-NN", "AUROC", "denoising", "interpolation", "bits per")
    for text in kinds:
        assert any(text in name for name in names), text
    assert len(set(names)) == len(names)
    assert all(row["control_name"] for row in record["figures"])


def test_a_part_can_be_run_alone_with_equal_figures(record, tiny_model, few_molecules):
    config = SMALL.with_changes({"parts": ("anomaly",)})
    alone = benchmark_explore(tiny_model, few_molecules, [few_molecules], config)
    assert alone["figures"] == [row for row in record["figures"] if "AUROC" in row["name"]]


def test_features_that_are_the_properties_predict_them(few_molecules):
    lines = few_molecules.read_text().splitlines()[1:61]
    molecules = tuple(Molecule.parse(line.split(",")[0]) for line in lines)
    names = ("logp", "weight")
    z = np.array([[*property_values(row, names).values()] for row in molecules], np.float32)
    rows = tuple(map(to_selfies, molecules))
    figures = representation(Reference(molecules, rows, z, np.ones_like(z)), SMALL)
    values = {figure.name: figure.value for figure in figures}
    assert values["ridge R2, logp"] > 0.99
    assert values["ridge R2, weight"] > 0.99
    assert values["ridge R2, qed"] < 0.9


@pytest.mark.parametrize(("n", "expected"), [(1, 1), (4, 4), (9, 5)])
def test_damage_replaces_as_many_symbols_by_different_ones(n, expected):
    selfies = ("[C]", "[N]", "[C]", "[O]", "[C]")
    damaged = damage(selfies, n, ("[C]", "[N]", "[O]"), np.random.default_rng(0))
    assert len(damaged) == len(selfies)
    assert sum(a != b for a, b in zip(selfies, damaged, strict=True)) == expected


@pytest.mark.parametrize("scaffold", SCAFFOLDS)
def test_scaffolds_can_be_completed(scaffold):
    check_scaffold(scaffold, CompleteConfig())


def test_a_fingerprint_path_takes_the_molecules_between_its_ends_in_order():
    chains = [Molecule.parse("C" * length + "O") for length in range(2, 13)]
    ends, shares = np.array([[0, 10], [10, 0]]), np.linspace(0.0, 1.0, 6, dtype=np.float32)[1:-1]
    there, back = fingerprint_paths(chains, ends, shares).tolist()
    assert there == sorted(there)
    assert there == back[::-1]
    assert not {0, 10} & set(there)
    assert len(set(there)) > 1


def test_a_fingerprint_path_takes_the_closest_molecule_rather_than_a_small_or_unlike_one():
    texts = ("CCCCCO", "CCCCCN", "C", "OCCCCCN", "c1ccccc1")
    molecules = [Molecule.parse(text) for text in texts]
    steps = fingerprint_paths(molecules, np.array([[0, 1]]), np.array([0.5], dtype=np.float32))
    assert steps.tolist() == [[3]]


def test_interpolation_is_compared_with_a_path_in_fingerprint_space(record):
    rows = {row["name"]: row for row in record["figures"] if "interpolation" in row["name"]}
    random = rows["interpolation: similarity to the nearer end"]
    path = rows["interpolation: similarity to the nearer end, against fingerprint path"]
    assert path["value"] == random["value"]
    assert path["control"] > random["control"]


class Recorder(MoleculeVAE):
    """A model that scales latent vectors instead of refining them, and keeps what it decodes."""

    factor = 1.0

    def refine(self, selfies_rows, latents):
        return np.float32(self.factor) * latents

    def decode_symbols(self, latents, *arguments, **settings):
        self.decoded = [*getattr(self, "decoded", []), np.asarray(latents)]
        return super().decode_symbols(latents, *arguments, **settings)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_paths_lead_from_one_refined_latent_vector_to_another(tiny_model):
    smiles = ["CCO", "CCCC", "c1ccccc1", "CC(=O)N", "CCN"]
    rows = [to_selfies(Molecule.parse(text)) for text in smiles]
    reference = Reference.encode(tiny_model, smiles, rows)
    paths = []
    for factor in (1.0, -2.0):
        model = Recorder(tiny_model.vocabulary, tiny_model.network)
        model.factor = factor
        list(interpolation(model, reference, ExploreConfig(pairs=2, steps=3, workers=1)))
        paths.append(model.decoded[0])
    np.testing.assert_allclose(paths[1], -2.0 * paths[0], rtol=1e-5)
    assert paths[0].any()
