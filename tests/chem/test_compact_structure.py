from itertools import pairwise

import pytest
from rdkit import Chem

from molvae.chem.compact_structure import compact_structure
from molvae.chem.molecule import Molecule

STRUCTURES = [
    "C",
    "CCO",
    "c1ccc2ccccc2c1",
    "CC(=O)Nc1ccc(O)cc1",
    "C[C@H](N)C(=O)O",
    "C[C@]12CC[C@H]3[C@@H](CC=C4C[C@H](O)CC[C@@]43C)C1=CC=C2c1cccnc1",
    "F/C=C/Cl",
    "F/C=C\\Cl",
    "FC=CCl",
    "CCCN=C/C=C1\\CC(C(C)C)CCC1C",
    "[O-][N+](=O)c1ccccc1",
    "C[N+](C)(C)CC#N",
    "[CH2]c1ccccc1",
    "[13CH3]C(=O)[O-]",
    "OB(O)c1cc[nH]c1",
    "CS(=O)(=O)N=[N+]=[N-]",
]


def parse(text):
    """Atoms and bonds as lists of fields, and the property lines."""
    atoms, bonds, further = text.split("|")
    fields = [[row.split(",") for row in part.split(";") if part] for part in (atoms, bonds)]
    return *fields, [line for line in further.split(";") if line]


def mol_file(text):
    atoms, bonds, further = parse(text)
    lines = ["", "", "", f"{len(atoms):3}{len(bonds):3}  0  0  0  0  0  0  0  0999 V2000"]
    for x, y, *label in atoms:
        symbol, valence = [*label[:2], *["C", "0"][len(label) :]]
        lines.append(
            f"{int(x) / 100:10.4f}{int(y) / 100:10.4f}{0:10.4f} {symbol:3} 0  0  0  0  0"
            f"{valence or 0:>3}  0  0  0  0  0  0"
        )
    for begin, end, *kind in bonds:
        order, stereo = [*kind, *["1", "0"][len(kind) :]]
        lines.append(f"{begin:>3}{end:>3}{order:>3}{stereo:>3}")
    return "\n".join([*lines, *further, "M  END", ""])


@pytest.mark.parametrize("smiles", STRUCTURES)
def test_the_mol_file_of_a_compact_structure_is_the_same_molecule(smiles):
    molecule = Molecule.parse(smiles)
    mol = Chem.MolFromMolBlock(mol_file(compact_structure(molecule)))
    assert Chem.MolToSmiles(mol) == molecule.smiles


@pytest.mark.parametrize(
    ("smiles", "symbol", "around"),
    [
        ("CO", "O", ["", "H"]),
        ("OC", "O", ["", "H"]),
        ("C[NH3+]", "N", ["", "H₃⁺"]),
        ("[Ca+2]", "Ca", ["", "²⁺"]),
        ("[13CH4]", "C", ["¹³", "H₄"]),
        ("[CH3]", "C", ["", "H₃•"]),
    ],
)
def test_the_label_of_an_atom_has_its_hydrogens_and_charge(smiles, symbol, around):
    atoms, *_ = parse(compact_structure(Molecule.parse(smiles)))
    (label,) = [row[2:] for row in atoms if len(row) > 2 and row[2] == symbol]
    assert label[2:] == around


def test_hydrogens_between_two_bonds_are_above_or_below():
    atoms, *_ = parse(compact_structure(Molecule.parse("CNC")))
    (index,) = [index for index, row in enumerate(atoms) if len(row) > 2]
    *_, left, right, above, below = [*atoms[index], "", "", "", ""][:8]
    heights = [int(row[1]) for row in atoms]
    others_are_below = sum(heights) < 3 * heights[index]
    assert (left, right) == ("", "")
    assert (above, below) == (("H", "") if others_are_below else ("", "H"))


@pytest.mark.parametrize("smiles", ["c1ccccc1", "Cc1c(C)c(C)c(C)c(C)c1C", "C1CC=CCC1"])
def test_the_second_line_of_a_double_bond_is_in_the_ring(smiles):
    molecule = Molecule.parse(smiles)
    atoms, bonds, _ = parse(compact_structure(molecule))
    places = [(int(row[0]), int(row[1])) for row in atoms]
    ring = molecule.mol.GetRingInfo().AtomRings()[0]
    center = [sum(places[index][axis] for index in ring) / len(ring) for axis in (0, 1)]
    double = [row for row in bonds if row[2:] == ["2"]]
    assert double
    for begin, end, _ in double:
        (x, y), (u, v) = places[int(begin) - 1], places[int(end) - 1]
        assert (u - x) * (center[1] - y) - (v - y) * (center[0] - x) > 0


def test_the_text_is_a_fraction_of_a_mol_file():
    molecule = Molecule.parse(STRUCTURES[5])
    assert len(compact_structure(molecule)) < len(Chem.MolToMolBlock(molecule.mol)) / 5


def test_a_molecule_beyond_the_format_has_no_compact_structure():
    assert compact_structure(Molecule.parse("C" * 1_000)) == ""
    assert all(a != b for a, b in pairwise(map(compact_structure, map(Molecule.parse, "CNO"))))
