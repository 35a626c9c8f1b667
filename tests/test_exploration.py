import pytest

from molvae.chem.molecule import Molecule
from molvae.exploration import RoundTrip, neighbors_of, round_trips
from molvae.molecule_vae import MoleculeVAE

PARACETAMOL, ETHANOL, AMINE = map(Molecule.parse, ["CC(=O)Nc1ccc(O)cc1", "CCO", "CCN"])
SILDENAFIL = Molecule.parse("CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1")


@pytest.fixture(scope="module")
def faithful():
    return MoleculeVAE.from_pretrained("zinc250k", "cpu")


def test_a_round_trip_names_what_comes_back_and_its_similarity():
    assert RoundTrip(ETHANOL, ETHANOL).is_exact
    assert RoundTrip(ETHANOL, ETHANOL).similarity == 1.0
    changed = RoundTrip(ETHANOL, AMINE)
    assert not changed.is_exact
    assert 0.0 < changed.similarity < 1.0
    assert "CCN" in str(changed)
    assert f"similarity {changed.similarity:.2f}" in str(changed)
    assert RoundTrip(ETHANOL, None).similarity == 0.0


def test_a_molecule_that_does_not_come_back_is_named_in_a_warning(tiny_model, caplog):
    (trip,) = round_trips(tiny_model, [SILDENAFIL], refine=True)
    assert not trip.is_exact
    neighbors_of(tiny_model, SILDENAFIL, 1, scale=1.0)
    assert str(trip) in caplog.text


def test_a_refined_latent_vector_gives_more_molecules_back(faithful, caplog):
    plain, refined = (
        round_trips(faithful, [SILDENAFIL], refine=refine) for refine in (False, True)
    )
    assert not plain[0].is_exact
    assert refined[0].is_exact
    neighbors_of(faithful, SILDENAFIL, 1, scale=1.0)
    assert caplog.text == ""


def test_neighbors_are_molecules_that_a_faithful_model_gives_back(faithful, caplog):
    found = neighbors_of(faithful, PARACETAMOL, 5)
    molecules = [neighbor.molecule for neighbor in found.neighbors]
    assert len(molecules) == 5
    assert all(trip.is_exact for trip in round_trips(faithful, molecules))
    assert not any(molecule.has_radicals for molecule in molecules)
    assert PARACETAMOL not in molecules
    similarities = [neighbor.similarity for neighbor in found.neighbors]
    assert similarities == sorted(similarities, reverse=True)
    assert caplog.text == ""


def test_the_seed_decides_the_neighbors(faithful):
    first, again = (neighbors_of(faithful, PARACETAMOL, 3, seed=1) for _ in range(2))
    assert first == again
