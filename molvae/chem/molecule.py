"""Molecule and Pattern: molecules that RDKit accepts, and substructure queries."""

import re
import unicodedata
from dataclasses import dataclass, field

from rdkit import Chem, rdBase
from rdkit.Chem import Mol

from molvae.chem.reading import MAX_CHARACTERS, Change, read_smiles
from molvae.chem.refusal import Refusal
from molvae.errors import ConfigError, MoleculeError

# A hydrogen atom as RDKit writes it in SMARTS, unless it is negated or has an isotope label.
_HYDROGEN = re.compile(r"(?<!!)#1(?!\d|&[1-9]\d*\*)")
# Explicit degree and implicit hydrogen count, which differ once hydrogens are atoms.
_EXPLICIT_COUNT = re.compile(r"D(?![bsy])|(?<![A-Za-z])h")
# RDKit 2026.9 inverts a center, and drops the sides of a double bond,
# when it merges a hydrogen into its neighbor.
_STEREO_MARKS = frozenset("@/\\")
_SHOWN = 80
"""Characters of a pattern that a message shows."""
_HYDROGEN_BONDS = frozenset({"", "-", "~"})
"""Bonds to hydrogen, as written in SMARTS, that a number of hydrogens can replace."""
_FUSED = 2
"""Atoms that fused rings have in common."""
_SMALL_RING = 8


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

    @property
    def has_bridged_aromatic_ring(self) -> bool:
        """Whether a ring of up to eight atoms has three or more in common with an aromatic ring.

        Such a bridge would bend the aromatic ring; only macrocycles can span one.
        """
        rings = [set(ring) for ring in self.mol.GetRingInfo().AtomRings()]
        aromatic = [
            ring
            for ring in rings
            if all(self.mol.GetAtomWithIdx(index).GetIsAromatic() for index in ring)
        ]
        return any(
            len(ring & bridge) > _FUSED and len(bridge) <= _SMALL_RING and bridge != ring
            for ring in aromatic
            for bridge in rings
        )

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
            ConfigError: it is empty, is not SMARTS, is followed by other text, or combines hydrogen
                atoms with numbers of explicit neighbors or implicit hydrogens.
        """
        smarts = smarts.strip()
        if problem := _problem(smarts):
            raise ConfigError(f"{smarts[:_SHOWN]!r} is not a SMARTS pattern; {problem}")
        query, written = _parse_query(smarts)
        needs_hydrogens = _HYDROGEN.search(written) is not None
        if needs_hydrogens and _EXPLICIT_COUNT.search(written):
            raise ConfigError(
                f"{smarts[:_SHOWN]!r} combines hydrogen atoms with D or h, whose values depend on "
                "them; use X and H instead"
            )
        return cls(smarts, query, needs_hydrogens)

    def target(self, mol: Mol) -> Mol:
        """The molecule to search, with explicit hydrogens if the query has hydrogen atoms."""
        return Chem.AddHs(mol) if self.needs_hydrogens else mol


def _problem(smarts: str) -> str | None:
    """Why a text cannot be a pattern, where RDKit would drop a part of it or not say."""
    if len(smarts) > MAX_CHARACTERS:
        return f"it has {len(smarts)} characters, {MAX_CHARACTERS} are allowed"
    foreign = next((mark for mark in smarts if not mark.isascii() and not mark.isspace()), None)
    if foreign:
        name = unicodedata.name(foreign, f"U+{ord(foreign):04X}")
        return f"{foreign!r} ({name}) is not ASCII; type the pattern by hand"
    if len(smarts.split()) > 1:
        return "give a single pattern, without spaces, a name or another pattern after it"
    if ">" in smarts:
        return "a reaction is not supported; expected the pattern of a molecule"
    if smarts.startswith("(") or ".(" in smarts:
        return "component grouping with parentheses is not supported; give two patterns"
    return None


def _parse_query(smarts: str) -> tuple[Mol, str]:
    """The query of a SMARTS, with hydrogens merged if that keeps its meaning, and its SMARTS."""
    with rdBase.BlockLogs():
        try:
            query: Mol | None = Chem.MolFromSmarts(smarts)
            can_merge = _STEREO_MARKS.isdisjoint(smarts)
            if query is not None and can_merge and _has_plain_hydrogens(query):
                query = Chem.MolFromSmarts(smarts, mergeHs=True)
            if query is not None and query.GetNumAtoms():
                return query, Chem.MolToSmarts(query)
        except RuntimeError:  # RDKit 2026.9 on unknown elements, as in [#119].
            pass
    raise ConfigError(
        f"{smarts[:_SHOWN]!r} is not a SMARTS pattern; expected one such as 'c1ccccc1'"
    )


def _has_plain_hydrogens(query: Mol) -> bool:
    """Whether the bonds of all hydrogen atoms are single, any or unspecified bonds."""
    return all(
        # RDKit's stubs give this method the wrong arguments.
        bond.GetSmarts() in _HYDROGEN_BONDS  # type: ignore[call-arg]
        for bond in query.GetBonds()
        if 1 in (bond.GetBeginAtom().GetAtomicNum(), bond.GetEndAtom().GetAtomicNum())
    )
