import csv
import math
from pathlib import Path

import pytest
from rdkit import Chem

from molvae.chem.formula import Formula, atoms_by_element, likeness_to_formula, occurrences
from molvae.chem.molecule import Molecule, Pattern
from molvae.errors import ConfigError

REFERENCE = Path(__file__).parents[1] / "objectives" / "guacamol_scores.csv"


def likeness(smiles, formula):
    return likeness_to_formula(Molecule.parse(smiles), Formula.parse(formula))


@pytest.mark.parametrize(
    ("text", "expected", "atoms"),
    [
        ("C2H6O", {"C": 2, "H": 6, "O": 1}, 9),
        ("C9H10N2O2PF2Cl", {"C": 9, "H": 10, "N": 2, "O": 2, "P": 1, "F": 2, "Cl": 1}, 27),
        ("CH3CH2OH", {"C": 2, "H": 6, "O": 1}, 9),
    ],
)
def test_a_formula_is_read(text, expected, atoms):
    formula = Formula.parse(text)
    assert dict(formula.elements) == expected
    assert formula.atoms == atoms


@pytest.mark.parametrize("text", ["", "c2", "C-1", "C 2", "Xx3", "2C", "C2H6O!"])
def test_what_is_no_formula_is_refused(text, capfd):
    with pytest.raises(ConfigError, match=r"not a molecular formula|unknown element Xx"):
        Formula.parse(text)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCO", {"C": 2, "H": 6, "O": 1}),
        ("C[NH3+]", {"C": 1, "N": 1, "H": 6}),
        ("[2H]C([2H])([2H])Cl", {"C": 1, "H": 3, "Cl": 1}),
        ("[Na+].[Cl-]", {"Na": 1, "Cl": 1, "H": 0}),
    ],
)
def test_all_atoms_are_counted(smiles, expected):
    assert atoms_by_element(Molecule.parse(smiles)) == expected


@pytest.mark.parametrize(
    ("smiles", "formula", "expected"),
    [
        ("CCO", "C2H6O", 1),
        ("COC", "C2H6O", 1),
        # Methanol: a carbon and two hydrogens fewer, three atoms of nine missing.
        ("CO", "C2H6O", math.exp(-(1 + 4 + 0 + (3 / 2) ** 2) / 2 / 4)),
        # An element beyond the formula counts among all atoms only.
        ("CCOF", "C2H6O", math.exp(-(0 + 1 + 0 + 0) / 2 / 4)),
    ],
)
def test_likeness_by_hand(smiles, formula, expected):
    assert likeness(smiles, formula) == pytest.approx(expected)


# GuacaMol 0.5.5, isomers_c7h8n2o2 and isomers_c9h10n2o2pf2cl.
@pytest.mark.parametrize("formula", ["C7H8N2O2", "C9H10N2O2PF2Cl"])
def test_likeness_is_that_of_guacamol(formula):
    with REFERENCE.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            expected = float(row[f"isomers_{formula.lower()}"])
            assert likeness(row["smiles"], formula) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("smiles", "smarts", "expected"),
    [("FC(F)(F)CF", "F", 4), ("CCO", "F", 0), ("c1ccccc1", "c1ccccc1", 1), ("CCC", "CC", 2)],
)
def test_occurrences_by_hand(smiles, smarts, expected):
    assert occurrences(Molecule.parse(smiles), Pattern.parse(smarts)) == expected


# More than RDKit's usual limit of a thousand matches.
def test_no_occurrence_is_left_out():
    chain = "C" * 1500
    assert occurrences(Molecule.parse(chain), Pattern.parse("CC")) == 1499
    assert Chem.MolFromSmiles(chain).GetNumBonds() == 1499
