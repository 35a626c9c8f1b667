"""Atom environments and their frequency in real molecules.

An environment is an atom with its bonds and the atoms at their other ends: elements, charges,
hydrogens, ring sizes and bond types. A detailed environment also has the hydrogens, the number of
bonds and the rings of the neighbors, as the features of ECFP2 have (Rogers & Hahn 2010). A molecule
with a rare environment is likely to be unstable or hard to synthesize.

Tables beside this file count the molecules that have each environment: `environments.csv` over
ChEMBL and ZINC, `detailed_environments.csv` over ChEMBL. They are created by
`scripts/count_environments.py`.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rdkit.Chem import Atom, BondType, Mol

from molvae.chem.molecule import Molecule

RARE = 5e-5
"""Rate below which an environment counts as rare: 1 in 20,000 molecules."""
RARE_DETAILED = 1e-5
"""Rate below which a detailed environment does: 1 in 100,000, as there are many more of them."""

_TABLE, _DETAILED_TABLE = "environments.csv", "detailed_environments.csv"
_LARGEST_RING = 8
_BOND_MARKS = {
    BondType.SINGLE: "-",
    BondType.DOUBLE: "=",
    BondType.TRIPLE: "#",
    BondType.AROMATIC: ":",
}


@dataclass(frozen=True, slots=True)
class EnvironmentTable:
    """Number of reference molecules with each environment."""

    molecules: int
    counts: Mapping[int, int]
    """Number of molecules by hash of the environment; the rarest environments are omitted."""

    def rate(self, environment: str) -> float:
        """Fraction of the reference molecules with the environment; 0.0 if not in the table."""
        return self.counts.get(environment_hash(environment), 0) / self.molecules


def rare_environments(molecule: Molecule, rate: float = RARE) -> tuple[str, ...]:
    """Environments of the molecule that fewer than `rate` of the reference molecules have.

    They are sorted, without duplicates.
    """
    return _rarer_than(rate, environments(molecule.mol), reference_table())


def rare_detailed_environments(molecule: Molecule, rate: float = RARE_DETAILED) -> tuple[str, ...]:
    """Detailed environments of the molecule that fewer than `rate` of the molecules of ChEMBL have.

    They are sorted, without duplicates.
    """
    return _rarer_than(rate, detailed_environments(molecule.mol), detailed_reference_table())


def environments(mol: Mol) -> Iterator[str]:
    """The environment of each atom, in the order of the atoms.

    It is written as `C,H2,ring 4-N-O`: the atom with its hydrogens and smallest ring, then each
    neighbor behind its bond; `@` marks bonds in a ring.
    """
    rings = mol.GetRingInfo()
    for atom in mol.GetAtoms():
        index = atom.GetIdx()
        traits = [_symbol(atom)]
        if hydrogens := atom.GetTotalNumHs():
            traits.append(f"H{hydrogens}")
        if size := rings.MinAtomRingSize(index):
            traits.append(f"ring {min(size, _LARGEST_RING)}")
        neighbors = sorted(
            f"{_BOND_MARKS.get(bond.GetBondType(), '~')}{'@' if bond.IsInRing() else ''}"
            f"{_symbol(bond.GetOtherAtom(atom))}"
            for bond in atom.GetBonds()
        )
        yield f"{','.join(traits)}{''.join(neighbors)}"


def detailed_environments(mol: Mol) -> Iterator[str]:
    """The detailed environment of each atom, in the order of the atoms.

    It is written as `C H2 D2 R(-N H1 D2 R)(=O H0 D1)`: the atom with its hydrogens, the number of
    its bonds to heavy atoms, and R in a ring; then each neighbor in the same way, behind its bond.
    """
    atoms = [
        f"{_element(atom)} H{atom.GetTotalNumHs()} D{atom.GetDegree()}"
        f"{' R' if atom.IsInRing() else ''}"
        for atom in mol.GetAtoms()
    ]
    for atom in mol.GetAtoms():
        index = atom.GetIdx()
        neighbors = sorted(
            f"({_BOND_MARKS.get(bond.GetBondType(), '~')}{atoms[bond.GetOtherAtomIdx(index)]})"
            for bond in atom.GetBonds()
        )
        yield f"{atoms[index]}{''.join(neighbors)}"


def environment_hash(environment: str) -> int:
    """32-bit hash that is the same on all machines."""
    return zlib.crc32(environment.encode())


@cache
def reference_table() -> EnvironmentTable:
    """The counts of environments over ChEMBL and ZINC."""
    return _read_table(_TABLE)


@cache
def detailed_reference_table() -> EnvironmentTable:
    """The counts of detailed environments over ChEMBL."""
    return _read_table(_DETAILED_TABLE)


def _read_table(name: str) -> EnvironmentTable:
    lines = files("molvae.chem").joinpath(name).read_text(encoding="utf-8").splitlines()
    molecules = int(lines[0].partition(" ")[0])
    rows = (line.split(",") for line in lines[1:])
    return EnvironmentTable(molecules, {int(key, 36): int(count) for key, count in rows})


def _rarer_than(rate: float, names: Iterable[str], table: EnvironmentTable) -> tuple[str, ...]:
    return tuple(name for name in sorted(set(names)) if table.rate(name) < rate)


def _symbol(atom: Atom) -> str:
    return _element(atom).lower() if atom.GetIsAromatic() else _element(atom)


def _element(atom: Atom) -> str:
    charge = atom.GetFormalCharge()
    return f"{atom.GetSymbol()}{charge:+d}" if charge else atom.GetSymbol()
