"""Molecular formulas, similarity to a formula, and counts of substructures."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from rdkit.Chem import GetPeriodicTable

from molvae.chem.molecule import Molecule, Pattern
from molvae.errors import ConfigError

_FORMULA = re.compile(r"(?:[A-Z][a-z]?[0-9]{0,6})+")
_ELEMENT = re.compile(r"([A-Z][a-z]?)([0-9]*)")
_ELEMENTS = frozenset(map(GetPeriodicTable().GetElementSymbol, range(1, 119)))
_DEVIATION_OF_AN_ELEMENT = 1.0
_DEVIATION_OF_ALL_ATOMS = 2.0


@dataclass(frozen=True, slots=True)
class Formula:
    """A molecular formula: number of atoms by element, in the order written."""

    elements: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, text: str) -> "Formula":
        """The formula in a text such as C9H10N2O2PF2Cl; repeated elements are added.

        Raises:
            ConfigError: the text is not a formula, or contains an unknown element.
        """
        if not _FORMULA.fullmatch(text):
            raise ConfigError(f"{text!r} is not a molecular formula; expected one such as 'C2H6O'")
        atoms: Counter[str] = Counter()
        for element, count in _ELEMENT.findall(text):
            atoms[element] += int(count or 1)
        unknown = [element for element in atoms if element not in _ELEMENTS]
        if unknown:
            raise ConfigError(f"{text!r}: unknown element {', '.join(unknown)}")
        return cls(tuple(atoms.items()))

    @property
    def atoms(self) -> int:
        """Number of atoms, hydrogen included."""
        return sum(count for _, count in self.elements)


def atoms_by_element(molecule: Molecule) -> Mapping[str, int]:
    """Number of atoms of each element, with all hydrogens and isotopes."""
    counts: Counter[str] = Counter()
    for atom in molecule.mol.GetAtoms():
        counts[atom.GetSymbol()] += 1
        counts["H"] += atom.GetTotalNumHs()
    return counts


def likeness_to_formula(molecule: Molecule, formula: Formula) -> float:
    """Isomer score in (0, 1], 1 for an isomer of the formula (GuacaMol, Brown et al. 2019).

    The geometric mean of a Gaussian with standard deviation 1 for each element of the formula and
    a Gaussian with standard deviation 2 for the total number of atoms.
    """
    counts = atoms_by_element(molecule)
    squares = [
        ((counts.get(element, 0) - count) / _DEVIATION_OF_AN_ELEMENT) ** 2
        for element, count in formula.elements
    ]
    squares.append(((sum(counts.values()) - formula.atoms) / _DEVIATION_OF_ALL_ATOMS) ** 2)
    return exp(-0.5 * sum(squares) / len(squares))


def occurrences(molecule: Molecule, pattern: Pattern) -> int:
    """Number of distinct sets of atoms that match the pattern."""
    mol = pattern.target(molecule.mol)
    limit = mol.GetNumAtoms() * 1000
    return len(mol.GetSubstructMatches(pattern.query, useChirality=True, maxMatches=limit))
