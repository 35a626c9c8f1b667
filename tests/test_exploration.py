import pytest

from molvae.chem.molecule import Molecule
from molvae.exploration import RoundTrip, neighbors_of, round_trips
from molvae.molecule_vae import MoleculeVAE

PARACETAMOL, ETHANOL, AMINE = map(Molecule.parse, ["CC(=O)Nc1ccc(O)cc1", "CCO", "CCN"])
# A molecule that the shipped model was not trained for.
LARGE = Molecule.parse("O=C(O)CCCCCCCCCCCCCCCCCCCCCCCCCCCC(=O)OCCCCCCCCCCC")


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


def test_a_molecule_that_does_not_come_back_is_named_in_a_warning(faithful, caplog):
    (trip,) = round_trips(faithful, [LARGE])
    assert not trip.is_exact
    neighbors_of(faithful, LARGE, 1, scale=1.0)
    assert str(trip) in caplog.text


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
