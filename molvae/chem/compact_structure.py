"""Compact structure: a molecule with 2D coordinates as one line of text, an eighth of a MOL file.

Three fields between bars: atoms, bonds, and the property lines of the MOL file with `;` between
them. An atom is `x,y` in hundredths of an angstrom; for an atom with a label in a drawing `symbol`
and `valence` of the MOL file follow, and what stands left, right, above and below of the symbol. A
bond is `begin,end,order,stereo` with the numbers of the MOL file. The second line of a double bond
belongs on the left, seen from `begin` to `end`. Fields with defaults at the end are left out.
"""

from rdkit import Chem
from rdkit.Chem import Atom, Mol, rdDepictor

from molvae.chem.molecule import Molecule
from molvae.chem.sdf import mark_unspecified_bonds

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STEEP = 1.2
"""Ratio of height to width from which the bonds of an atom are taken as up or down."""
_FLAT = 0.3
"""Width in angstroms up to which the bonds of an atom leave its right side free."""


def compact_structure(molecule: Molecule) -> str:
    """Compact structure of a molecule; empty where a MOL file of version 2000 cannot hold it.

    >>> compact_structure(Molecule.parse("CO"))
    '-75,0;75,0,O,0,,H|1,2|'
    """
    mol = Chem.RWMol(molecule.mol)
    # Groups of stereo centers would need version 3000; they remain in the SMILES.
    mol.SetStereoGroups([])
    mark_unspecified_bonds(mol)
    rdDepictor.Compute2DCoords(mol)
    lines = Chem.MolToMolBlock(mol).split("\n")[3:]
    if not lines[0].endswith("V2000"):
        return ""
    n_atoms, n_bonds = mol.GetNumAtoms(), mol.GetNumBonds()
    atoms = [_atom(line, mol, index) for index, line in enumerate(lines[1 : 1 + n_atoms])]
    bonds = []
    for line in lines[1 + n_atoms : 1 + n_atoms + n_bonds]:
        begin, end, order, stereo = (int(line[at : at + 3]) for at in range(0, 12, 3))
        if order == 2 and _has_more_on_the_right(mol, begin - 1, end - 1):
            begin, end = end, begin
        further = [order, stereo] if stereo else [order] if order != 1 else []
        bonds.append(",".join(map(str, (begin, end, *further))))
    rest = [line for line in lines[1 + n_atoms + n_bonds :] if line and line != "M  END"]
    return "|".join(map(";".join, (atoms, bonds, rest)))


def _atom(line: str, mol: Mol, index: int) -> str:
    fields = line.split()
    position = ",".join(str(round(100 * float(text))) for text in fields[:2])
    atom, symbol, valence = mol.GetAtomWithIdx(index), fields[3], fields[9]
    is_plain_carbon = symbol == "C" and atom.GetDegree() and valence == "0"
    if is_plain_carbon and not (atom.GetFormalCharge() or atom.GetIsotope()):
        return position
    return ",".join((position, symbol, valence, *_label(atom))).rstrip(",")


def _label(atom: Atom) -> tuple[str, str, str, str]:
    """Texts left, right, above and below of the symbol of an atom.

    Hydrogens are where no bond is: above or below between two bonds, else right or left.
    """
    charge, hydrogens = atom.GetFormalCharge(), atom.GetTotalNumHs()
    isotope = str(atom.GetIsotope() or "").translate(_SUPERSCRIPTS)
    size = str(abs(charge)).translate(_SUPERSCRIPTS) if abs(charge) > 1 else ""
    sign = "⁺" if charge > 0 else "⁻" if charge < 0 else ""
    marks = size + sign + ("•" if atom.GetNumRadicalElectrons() else "")
    count = str(hydrogens).translate(_SUBSCRIPTS) if hydrogens > 1 else ""
    hydrogen = f"H{count}" if hydrogens else ""
    conformer = atom.GetOwningMol().GetConformer()
    here = conformer.GetAtomPosition(atom.GetIdx())
    bonds = [conformer.GetAtomPosition(row.GetIdx()) - here for row in atom.GetNeighbors()]
    right, up = sum(bond.x for bond in bonds), sum(bond.y for bond in bonds)
    if len(bonds) > 1 and abs(up) > _STEEP * abs(right):
        return (isotope, marks, "", hydrogen) if up > 0 else (isotope, marks, hydrogen, "")
    if right > _FLAT:
        return isotope + hydrogen, marks, "", ""
    return isotope, hydrogen + marks, "", ""


def _has_more_on_the_right(mol: Mol, begin: int, end: int) -> bool:
    """Whether the smallest ring of a bond, or else its substituents, lie to its right."""
    rings = [ring for ring in mol.GetRingInfo().AtomRings() if begin in ring and end in ring]
    ends = (mol.GetAtomWithIdx(begin), mol.GetAtomWithIdx(end))
    beside = [neighbor.GetIdx() for atom in ends for neighbor in atom.GetNeighbors()]
    conformer = mol.GetConformer()
    start = conformer.GetAtomPosition(begin)
    along = conformer.GetAtomPosition(end) - start
    around = min(rings, key=len) if rings else beside
    offsets = [conformer.GetAtomPosition(index) - start for index in around]
    turn: float = sum(along.x * offset.y - along.y * offset.x for offset in offsets)
    return turn < 0
