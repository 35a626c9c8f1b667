"""Molecule and Pattern: molecules that RDKit accepts, and substructure queries."""

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
    """A molecule that RDKit accepts; molecules with the same canonical SMILES are equal.

    >>> Molecule.parse("OCC")
    Molecule(smiles='CCO')
    """

    smiles: str
    """Canonical SMILES with stereochemistry."""
    mol: Mol = field(compare=False, repr=False)
    changes: tuple[Change, ...] = field(default=(), compare=False, repr=False)
    """Changes made on parsing, such as the removal of atom map numbers."""

    @classmethod
    def parse(cls, text: str) -> "Molecule":
        """The molecule of a SMILES or CXSMILES.

        Raises:
            MoleculeError: RDKit does not accept the text, or a name or other text follows the
                SMILES; the detail says why.
        """
        if not isinstance(text, str):
            # For example missing cells of a table.
            raise MoleculeError(Refusal.INVALID, f"expected a SMILES, got {text!r}")
        return cls.from_mol(*read_smiles(text))

    @classmethod
    def from_mol(cls, mol: Mol, changes: tuple[Change, ...] = ()) -> "Molecule":
        """The molecule of a sanitized RDKit `Mol`, which must not be changed afterwards.

        Stereochemistry is that of RDKit's default perception. For molecules from other sources use
        `Molecule.parse(cxsmiles(mol))`, which also reports lost stereochemistry.

        Raises:
            MoleculeError: it has no atoms.
        """
        if mol.GetNumAtoms() == 0:
            raise MoleculeError(Refusal.INVALID, "no atoms")
        return cls(Chem.MolToSmiles(mol), mol, changes)

    def _repr_html_(self) -> str:
        """Structural formula and SMILES, as a notebook shows them."""
        # Imported here: this module is below that of depictions.
        from molvae.chem.depiction import depiction_cell

        return depiction_cell(self)

    @property
    def heavy_atoms(self) -> int:
        """Number of atoms other than hydrogen."""
        return int(self.mol.GetNumHeavyAtoms())

    @property
    def has_radicals(self) -> bool:
        """Whether any atom has an unpaired electron."""
        return any(atom.GetNumRadicalElectrons() for atom in self.mol.GetAtoms())

    def contains(self, pattern: "Pattern") -> bool:
        """Whether the pattern matches anywhere, stereochemistry included."""
        return bool(pattern.target(self.mol).HasSubstructMatch(pattern.query, useChirality=True))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A substructure query, written as SMARTS.

    Hydrogen atoms also match implicit hydrogens: `[H]N` is a nitrogen with at least one hydrogen.
    """

    smarts: str
    query: Mol = field(compare=False, repr=False)
    needs_hydrogens: bool = field(default=False, compare=False, repr=False)
    """Whether the query matches explicit hydrogen atoms, as in `[#1,C]N`."""

    @classmethod
    def parse(cls, smarts: str) -> "Pattern":
        """The pattern of a SMARTS.

        Raises:
            ConfigError: it is empty, is not SMARTS, or combines hydrogen atoms with numbers of
                explicit neighbors or implicit hydrogens.
        """
        # Merging a hydrogen into a stereocenter inverts it (RDKit 2026.9).
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
                f"{smarts!r} combines hydrogen atoms with D or h, whose values depend on them; "
                "use X and H instead"
            )
        return cls(smarts, query, needs_hydrogens)

    def target(self, mol: Mol) -> Mol:
        """The molecule to search, with explicit hydrogens if the query has hydrogen atoms."""
        return Chem.AddHs(mol) if self.needs_hydrogens else mol
