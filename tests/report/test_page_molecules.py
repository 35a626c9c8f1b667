import json
from math import nan

import numpy as np

from molvae.chem.compact_structure import compact_structure
from molvae.chem.molecule import Molecule
from molvae.report.page_molecules import PageMolecules

ETHANOL, BENZENE = map(Molecule.parse, ("CCO", "c1ccccc1"))


def columns_of(molecules):
    content = json.loads(molecules.json())
    return {column.pop("name"): column for column in content["columns"]}


def test_the_json_has_molecules_numbers_and_texts():
    values = {"score": [1 / 3, nan], "call": [2, 1], "source": ["prior", "<b>"]}
    text = PageMolecules("run", [ETHANOL, BENZENE], values).json()
    assert "<" not in text
    columns = columns_of(PageMolecules("run", [ETHANOL, BENZENE], values))
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
        PageMolecules("run", [ETHANOL] * 3, {}, {"nearest": [BENZENE, None, BENZENE]})
    )
    assert column["nearest"]["smiles"] == ["c1ccccc1"]
    assert column["nearest"]["cells"] == [0, None, 0]
    assert column["smiles"]["cells"] == [0, 0, 0]


def test_positions_are_shares_of_the_width_and_of_the_height_from_the_top():
    positions = np.array([[-1.0, 10.0], [nan, nan], [3.0, 30.0], [0.0, 15.0]])
    text = PageMolecules("run", [ETHANOL] * 4, projections={"PCA": positions}).json()
    assert json.loads(text)["maps"] == {"PCA": [[0, None, 1, 0.25], [1, None, 0, 0.75]]}


def test_ten_thousand_molecules_are_a_few_megabytes():
    molecule = Molecule.parse("CC(=O)NS(=O)(=O)c1ccc(Oc2cccnc2C(=O)N2CCN(C)CC2)cc1")
    size = len(PageMolecules("run", [molecule], {"score": [0.123456]}).json())
    assert 10_000 * size < 15e6 / 2


def test_whole_numbers_are_exact_and_others_have_six_digits():
    values = {"cid": [135398513.0, nan], "weight": [180.1234567, 12345.0], "huge": [1e300, 2.0]}
    columns = columns_of(PageMolecules("run", [ETHANOL, BENZENE], values))
    assert columns["cid"]["cells"] == [135398513, None]
    assert columns["weight"]["cells"] == [180.123, 12345]
    assert columns["huge"]["cells"] == [1e300, 2]
