"""Atom environments and their frequency in real molecules.

An environment is an atom with its bonds and the atoms at their other ends: elements, charges,
hydrogens, ring sizes and bond types. The table `environments.csv` beside this file counts, over
ChEMBL and ZINC, the molecules that have each environment; a molecule with a
rare environment is likely to be unstable or hard to synthesize. The table is created by
`scripts/count_environments.py`.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rdkit.Chem import Atom, BondType, Mol

from molvae.chem.molecule import Molecule

RARE = 5e-5
"""Rate below which an environment counts as rare: 1 in 20,000 molecules."""

_TABLE = "environments.csv"
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

    They are sorted, without duplicates, and written as `C(H2,ring 4)-N-O`: the atom with its
    hydrogens and smallest ring, then each neighbor behind its bond; `@` marks bonds in a ring.
    """
    table = reference_table()
    return tuple(
        environment
        for environment in sorted(set(environments(molecule.mol)))
        if table.rate(environment) < rate
    )


def environments(mol: Mol) -> Iterator[str]:
    """The environment of each atom, in the order of the atoms."""
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


def environment_hash(environment: str) -> int:
    """32-bit hash that is the same on all machines."""
    return zlib.crc32(environment.encode())


@cache
def reference_table() -> EnvironmentTable:
    """The counts over ChEMBL and ZINC that are included in the package."""
    lines = files("molvae.chem").joinpath(_TABLE).read_text(encoding="utf-8").splitlines()
    molecules = int(lines[0].partition(" ")[0])
    rows = (line.split(",") for line in lines[1:])
    return EnvironmentTable(molecules, {int(key, 36): int(count) for key, count in rows})


def _symbol(atom: Atom) -> str:
    charge = atom.GetFormalCharge()
    symbol = atom.GetSymbol().lower() if atom.GetIsAromatic() else atom.GetSymbol()
    return f"{symbol}{charge:+d}" if charge else symbol
