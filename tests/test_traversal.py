from itertools import pairwise

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.traversal import latent_dimension, principal_axis, property_gradient, traverse

BENZAMIDE = Molecule.parse("NC(=O)c1ccccc1")


def test_steps_are_distinct_neighbors_around_the_molecule(tiny_model):
    direction = latent_dimension(tiny_model, 3)
    steps = traverse(tiny_model, BENZAMIDE, direction, steps=9, width=4.0, properties=("weight",))
    smiles = [step.molecule.smiles for step in steps]
    assert all(first != second for first, second in pairwise(smiles))
    positions = [step.position for step in steps]
    assert positions == sorted(positions)
    assert min(positions) >= -4.0
    (start,) = tiny_model.reconstruct([BENZAMIDE], refine=True)
    assert start.smiles in smiles
    assert all(step.values["weight"] > 0 for step in steps)


def test_predictions_are_those_of_the_property_head(tiny_model):
    direction = latent_dimension(tiny_model, 1)
    (step, *_) = traverse(tiny_model, BENZAMIDE, direction, steps=3, width=1.0)
    z = tiny_model.encode([BENZAMIDE], refine=True) + step.position * direction
    assert list(step.predicted) == list(tiny_model.property_names)
    assert list(step.predicted.values()) == pytest.approx(tiny_model.predict(z)[0].tolist())


def test_a_prediction_rises_along_its_gradient(tiny_model):
    direction = property_gradient(tiny_model, BENZAMIDE, "logp")
    assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-5)
    z = tiny_model.encode([BENZAMIDE], refine=True)
    column = tiny_model.property_names.index("logp")
    ahead, back = (tiny_model.predict(z + step * direction)[0, column] for step in (0.05, -0.05))
    assert ahead > back


def test_principal_axes_are_orthogonal_and_ordered_by_variance(tiny_model):
    first, second = (principal_axis(tiny_model, number) for number in (1, 2))
    assert np.linalg.norm(first) >= np.linalg.norm(second) > 0
    assert float(first @ second) == pytest.approx(0.0, abs=1e-4)
    assert np.array_equal(first, principal_axis(tiny_model, 1))


def test_directions_that_do_not_exist_are_refused(tiny_model):
    for number in (0, 17):
        with pytest.raises(ConfigError, match="dimension"):
            latent_dimension(tiny_model, number)
    with pytest.raises(ConfigError, match="component"):
        principal_axis(tiny_model, 17)
    with pytest.raises(ConfigError, match="logp"):
        property_gradient(tiny_model, BENZAMIDE, "log")
    with pytest.raises(ConfigError, match="steps"):
        traverse(tiny_model, BENZAMIDE, latent_dimension(tiny_model, 1), steps=1)
