import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.report.latent_map import latent_projections, principal_components


def test_the_components_are_those_of_the_covariance_matrix():
    generator = np.random.default_rng(0)
    latents = generator.standard_normal((50, 6)) * [5.0, 3.0, 1.0, 0.5, 0.2, 0.1]
    positions, share = principal_components(latents)
    variances, axes = np.linalg.eigh(np.cov(latents.T))
    expected = (latents - latents.mean(0)) @ axes[:, [-1, -2]]
    assert share == pytest.approx(variances[-2:].sum() / variances.sum())
    np.testing.assert_allclose(np.abs(positions), np.abs(expected), atol=1e-9)
    # The largest deviation along each axis is positive, whatever the signs of the library.
    assert (positions.max(0) == np.abs(positions).max(0)).all()


def test_a_molecule_that_the_model_cannot_read_has_no_position(tiny_model):
    smiles = ["CCO", "CCN", "[SiH3]CC[Se]C", "CCCC"]
    maps = latent_projections(tiny_model, list(map(Molecule.parse, smiles)))
    assert next(iter(maps)).startswith("PCA")
    for positions in maps.values():
        assert np.isnan(positions).all(1).tolist() == [False, False, True, False]


def test_two_molecules_make_no_map(tiny_model):
    assert latent_projections(tiny_model, [Molecule.parse("CCO"), Molecule.parse("CCN")]) == {}
