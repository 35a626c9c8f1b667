from itertools import pairwise

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.exploration import round_trips
from molvae.interpolation import arc, interpolate, line
from molvae.interpolation_config import InterpolateConfig
from molvae.molecule_vae import MoleculeVAE

PARACETAMOL, BENZAMIDE, PHENACETIN = map(
    Molecule.parse, ["CC(=O)Nc1ccc(O)cc1", "NC(=O)c1ccccc1", "CCOc1ccc(NC(C)=O)cc1"]
)
SILDENAFIL = Molecule.parse("CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1")


@pytest.fixture(scope="module")
def model():
    return MoleculeVAE.from_pretrained("zinc250k", "cpu")


@pytest.mark.parametrize("path", ["straight", "spherical"])
def test_a_path_passes_its_molecules_in_order_and_merges_equal_neighbors(model, path):
    ends = [PARACETAMOL, BENZAMIDE, PHENACETIN]
    config = InterpolateConfig(steps=12, path=path, properties=("weight",))
    steps = interpolate(model, ends, config)
    positions = [step.position for step in steps]
    assert positions == sorted(positions)
    molecules = [step.molecule for step in steps]
    assert all(a != b for a, b in pairwise(molecules))
    at = dict(zip(positions, steps, strict=True))
    for position, end in enumerate(ends):
        assert at[position].molecule == end
        assert at[position].similarities[position] == 1.0
    assert len(steps) > len(ends)
    assert all(len(step.similarities) == 3 and step.values["weight"] > 0 for step in steps)
    assert not any(molecule.has_radicals for molecule in molecules)


def test_the_arc_leads_through_other_latent_vectors_than_the_line(model):
    ends = [PARACETAMOL, BENZAMIDE, PHENACETIN]
    straight, arched = (
        interpolate(model, ends, InterpolateConfig(steps=64, path=path, properties=()))
        for path in ("straight", "spherical")
    )
    assert straight != arched


def test_a_path_ends_at_its_molecules_if_refined_latent_vectors_give_them_back(model, caplog):
    (trip,) = round_trips(model, [SILDENAFIL])
    assert not trip.is_exact
    steps = interpolate(model, [PARACETAMOL, SILDENAFIL], InterpolateConfig(steps=2))
    assert steps[-1].molecule == SILDENAFIL
    assert caplog.text == ""


def test_a_molecule_that_does_not_come_back_is_named_in_a_warning(tiny_model, caplog):
    (trip,) = round_trips(tiny_model, [SILDENAFIL], refine=True)
    assert not trip.is_exact
    interpolate(tiny_model, [SILDENAFIL, Molecule.parse("CCO")], InterpolateConfig(steps=2))
    assert caplog.text.count(str(trip)) == 1


def test_a_path_of_a_single_molecule_is_refused(model):
    with pytest.raises(ConfigError, match="two molecules"):
        interpolate(model, [PHENACETIN])


def test_an_arc_keeps_the_distance_from_the_origin_and_turns_evenly():
    start, end = np.array([2, 0, 0], np.float32), np.array([0, 2, 0], np.float32)
    points = [arc(start, end, share) for share in (0.0, 0.25, 0.5, 1.0)]
    assert np.allclose([np.linalg.norm(point) for point in points], 2.0)
    assert np.allclose(
        [np.arctan2(point[1], point[0]) for point in points],
        np.array([0.0, 0.25, 0.5, 1.0]) * np.pi / 2,
    )


@pytest.mark.parametrize("end", [[2, 0], [-2, 0], [0, 0], [3, 0]])
def test_an_arc_between_vectors_of_one_line_is_that_line(end):
    start, end = np.array([2, 0], np.float32), np.array(end, np.float32)
    assert np.allclose(arc(start, end, 0.3), line(start, end, 0.3))
