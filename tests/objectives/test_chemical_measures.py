"""What RDKit's measures read off molecules, by hand or by another way to it."""

import math

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.components import MEASURES
from molvae.objectives.measure import Measure

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def read(kind, *smiles, **settings):
    measure = MEASURES[kind].parse(settings)
    assert isinstance(measure, Measure)
    return measure([Molecule.parse(text) for text in smiles])


@pytest.mark.parametrize(
    ("kind", "settings", "smiles", "expected"),
    [
        ("property", {"property": "heavy_atoms"}, ASPIRIN, 13),
        ("similarity", {"smiles": "OCC"}, "CCO", 1),
        # Counted by hand in the tests of similarity.
        ("similarity", {"smiles": "CCC", "fingerprint": "atom_pairs"}, "CCCC", 2 / 7),
        ("smarts", {"smarts": "C(=O)[OH]"}, ASPIRIN, 1),
        ("smarts", {"smarts": "[NX3]"}, ASPIRIN, 0),
        ("smarts", {"smarts": "C(=O)[OH]", "wanted": "absent"}, ASPIRIN, 0),
        ("smarts", {"smarts": "[NX3]", "wanted": "absent"}, ASPIRIN, 1),
        ("smarts", {"smarts": "O", "wanted": "count"}, ASPIRIN, 4),
        ("formula", {"formula": "C9H8O4"}, ASPIRIN, 1),
        ("formula", {"formula": "C2H6O"}, "CO", math.exp(-(1 + 4 + 0 + 2.25) / 8)),
        # Baell & Holloway's catalogue has quinones and rhodanines; aspirin is in none.
        ("alerts", {"catalogue": "pains"}, "O=C1C=CC(=O)C=C1", 1),
        ("alerts", {"catalogue": "pains"}, "CCO", 0),
        # Brenk et al. list aldehydes, and aliphatic chains of this length.
        ("alerts", {"catalogue": "brenk"}, "CC=O", 1),
        ("alerts", {"catalogue": "brenk"}, "CCCCC=O", 2),
    ],
)
def test_readings_by_hand(kind, settings, smiles, expected):
    readings = read(kind, smiles, **settings)
    assert readings.values == pytest.approx([expected])
    assert readings.problems == ()


def test_readings_are_in_the_order_of_the_molecules():
    readings = read("property", "C", "CC", "CCC", property="heavy_atoms")
    np.testing.assert_array_equal(readings.values, [1, 2, 3])


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("property", {"property": "qde"}, "did you mean 'qed'"),
        ("similarity", {"smiles": "C1CC"}, "C1CC.*invalid SMILES"),
        ("similarity", {"smiles": "C", "fingerprint": "ecfp5"}, "fingerprint = 'ecfp5'"),
        ("similarity", {}, "smiles: Field required"),
        ("smarts", {"smarts": "C("}, "not a SMARTS pattern"),
        ("smarts", {"smarts": "C", "wanted": "often"}, "wanted = 'often'"),
        ("formula", {"formula": "C2Xx"}, "unknown element Xx"),
        ("alerts", {"catalogue": "pain"}, "catalogue = 'pain'"),
    ],
)
def test_a_mistake_in_a_measure_is_named(kind, settings, message):
    with pytest.raises(ConfigError, match=message):
        MEASURES[kind].parse(settings)
