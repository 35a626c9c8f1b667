import json
from math import nan

import numpy as np

from molvae.chem.compact_structure import compact_structure
from molvae.chem.molecule import Molecule
from molvae.report.molecule_set import MoleculeSet

ETHANOL, BENZENE = map(Molecule.parse, ("CCO", "c1ccccc1"))


def columns_of(molecules):
    content = json.loads(molecules.json())
    return {column.pop("name"): column for column in content["columns"]}


def test_the_json_has_molecules_numbers_and_texts():
    values = {"score": [1 / 3, nan], "call": [2, 1], "source": ["prior", "<b>"]}
    text = MoleculeSet("run", [ETHANOL, BENZENE], values).json()
    assert "<" not in text
    columns = columns_of(MoleculeSet("run", [ETHANOL, BENZENE], values))
    assert columns["score"] == {"kind": "number", "cells": [0.333333, None]}
    assert columns["call"] == {"kind": "number", "cells": [2, 1]}
    assert columns["source"] == {"kind": "text", "cells": ["prior", "<b>"]}
    assert columns["smiles"]["smiles"] == ["CCO", "c1ccccc1"]
    assert columns["smiles"]["structures"] == [
        compact_structure(ETHANOL),
        compact_structure(BENZENE),
    ]


def test_a_molecule_drawn_many_times_is_stored_once():
    column = columns_of(
        MoleculeSet("run", [ETHANOL] * 3, {}, {"nearest": [BENZENE, None, BENZENE]})
    )
    assert column["nearest"]["smiles"] == ["c1ccccc1"]
    assert column["nearest"]["cells"] == [0, None, 0]
    assert column["smiles"]["cells"] == [0, 0, 0]


def test_positions_are_shares_of_the_width_and_of_the_height_from_the_top():
    positions = np.array([[-1.0, 10.0], [nan, nan], [3.0, 30.0], [0.0, 15.0]])
    text = MoleculeSet("run", [ETHANOL] * 4, projections={"PCA": positions}).json()
    assert json.loads(text)["maps"] == {"PCA": [[0, None, 1, 0.25], [1, None, 0, 0.75]]}


def test_ten_thousand_molecules_are_a_few_megabytes():
    molecule = Molecule.parse("CC(=O)NS(=O)(=O)c1ccc(Oc2cccnc2C(=O)N2CCN(C)CC2)cc1")
    size = len(MoleculeSet("run", [molecule], {"score": [0.123456]}).json())
    assert 10_000 * size < 15e6 / 2
