"""Molecules that RDKit accepts, and substructure patterns to look for in them."""

import re
from dataclasses import dataclass, field

from rdkit import Chem, rdBase
from rdkit.Chem import Mol

from molvae.chem.reading import Change, read_smiles
from molvae.chem.refusal import Refusal
from molvae.errors import ConfigError, MoleculeError

# A hydrogen atom as RDKit writes it in SMARTS, unless it is negated or has an isotope label.
_HYDROGEN = re.compile(r"(?<!!)#1(?!\d|&\d+\*)")
# Explicit degree and implicit hydrogen count, which differ once hydrogens are atoms.
_EXPLICIT_COUNT = re.compile(r"D(?![bsy])|(?<![A-Za-z])h")


@dataclass(frozen=True, slots=True)
class Molecule:
    """A structure that RDKit accepts; two are equal when their canonical SMILES are equal.

    >>> Molecule.parse("OCC")
    Molecule(smiles='CCO')
    """

    smiles: str
    """Canonical SMILES with stereochemistry."""
    mol: Mol = field(compare=False, repr=False)
    changes: tuple[Change, ...] = field(default=(), compare=False, repr=False)
    """Changes made to the text when it was read, such as atom map numbers removed."""

    @classmethod
    def parse(cls, text: str) -> "Molecule":
        """The molecule of a SMILES or CXSMILES.

        Raises:
            MoleculeError: RDKit does not accept the text, or a name or other text follows the
                SMILES; the detail says why.
        """
        if not isinstance(text, str):
            # Such as the gaps of a table.
            raise MoleculeError(Refusal.INVALID, f"expected a SMILES, got {text!r}")
        return cls.from_mol(*read_smiles(text))

    @classmethod
    def from_mol(cls, mol: Mol, changes: tuple[Change, ...] = ()) -> "Molecule":
        """The molecule of a sanitized RDKit `Mol`, which must not be changed afterwards.

        It is taken as RDKit's default perception has it. For molecules from other sources use
        `Molecule.parse(cxsmiles(mol))`, which also counts marks of stereochemistry that are lost.

        Raises:
            MoleculeError: it has no atoms.
        """
        if mol.GetNumAtoms() == 0:
            raise MoleculeError(Refusal.INVALID, "no atoms")
        return cls(Chem.MolToSmiles(mol), mol, changes)

    @property
    def heavy_atoms(self) -> int:
        """Atoms that are not hydrogen."""
        return int(self.mol.GetNumHeavyAtoms())

    @property
    def has_radicals(self) -> bool:
        """Whether an atom has an unpaired electron."""
        return any(atom.GetNumRadicalElectrons() for atom in self.mol.GetAtoms())

    def contains(self, pattern: "Pattern") -> bool:
        """Whether the pattern matches anywhere, stereochemistry included."""
        return bool(pattern.target(self.mol).HasSubstructMatch(pattern.query, useChirality=True))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A substructure to look for, written as SMARTS.

    Hydrogen atoms mean what they do on paper: `[H]N` is a nitrogen with at least one hydrogen.
    """

    smarts: str
    query: Mol = field(compare=False, repr=False)
    needs_hydrogens: bool = field(default=False, compare=False, repr=False)
    """Whether the query has hydrogen atoms that are no property of a neighbor, as in `[#1,C]N`."""

    @classmethod
    def parse(cls, smarts: str) -> "Pattern":
        """The pattern of a SMARTS.

        Raises:
            ConfigError: it is empty, no SMARTS, or mixes hydrogen atoms with counts of explicit
                neighbors or implicit hydrogens.
        """
        # Merging a hydrogen into a stereocenter turns the center over (RDKit 2026.9).
        merges = "@" not in smarts
        with rdBase.BlockLogs():
            query = Chem.MolFromSmarts(smarts, mergeHs=merges) if smarts.isascii() else None
        if query is None or query.GetNumAtoms() == 0:
            raise ConfigError(
                f"{smarts!r} is not a SMARTS pattern; expected one such as 'c1ccccc1'"
            )
        written = Chem.MolToSmarts(query)
        needs_hydrogens = _HYDROGEN.search(written) is not None
        if needs_hydrogens and _EXPLICIT_COUNT.search(written):
            raise ConfigError(
                f"{smarts!r} has hydrogen atoms beside D or h, which do not count them alike; "
                "use X and H instead"
            )
        return cls(smarts, query, needs_hydrogens)

    def target(self, mol: Mol) -> Mol:
        """The molecule to search: with its hydrogens as atoms if the query has such atoms."""
        return Chem.AddHs(mol) if self.needs_hydrogens else mol
