"""A molecule that RDKit accepted, and a pattern to look for in it."""

from dataclasses import dataclass, field

from rdkit import Chem, rdBase
from rdkit.Chem import Mol

from molvae.chem.refusal import Refusal
from molvae.errors import ConfigError, MoleculeError

# Beyond this RDKit's time is no longer bounded by a blink, and recursion in it by the stack.
MAX_CHARACTERS = 5_000


@dataclass(frozen=True, slots=True)
class Molecule:
    """A structure that RDKit accepted; two are equal when their canonical SMILES are."""

    smiles: str
    """Canonical, with stereochemistry."""
    mol: Mol = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Molecule":
        """The molecule that a SMILES spells; a name or CXSMILES extension after it is ignored.

        Raises:
            MoleculeError: RDKit does not accept the text; the detail says why.
        """
        if not isinstance(text, str):
            # Such as the gaps of a table.
            raise MoleculeError(Refusal.INVALID, f"expected a SMILES, got {text!r}")
        return cls.from_mol(parse_mol(text))

    @classmethod
    def from_mol(cls, mol: Mol) -> "Molecule":
        """The molecule of a sanitised RDKit `Mol`, which must not be changed afterwards.

        Raises:
            MoleculeError: it has no atoms.
        """
        if mol.GetNumAtoms() == 0:
            raise MoleculeError(Refusal.INVALID, "no atoms")
        return cls(Chem.MolToSmiles(mol), mol)

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
        return bool(self.mol.HasSubstructMatch(pattern.query, useChirality=True))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A substructure to look for, written as SMARTS."""

    smarts: str
    query: Mol = field(compare=False, repr=False)

    @classmethod
    def parse(cls, smarts: str) -> "Pattern":
        """The pattern that a SMARTS spells.

        Raises:
            ConfigError: it is not SMARTS, or is empty.
        """
        with rdBase.BlockLogs():
            query = Chem.MolFromSmarts(smarts) if smarts.isascii() else None
        if query is None or query.GetNumAtoms() == 0:
            raise ConfigError(
                f"{smarts!r} is not a SMARTS pattern; expected one such as 'c1ccccc1'"
            )
        return cls(smarts, query)


def parse_mol(text: str) -> Mol:
    """RDKit's reading of the text up to its first space, sanitised, hydrogens implicit.

    Raises:
        MoleculeError: nothing to read, too long to read, or not accepted by RDKit.
    """
    smiles = next(iter(text.split(maxsplit=1)), "")
    if not smiles:
        raise MoleculeError(Refusal.NO_SMILES)
    if len(smiles) > MAX_CHARACTERS:
        raise MoleculeError(Refusal.TOO_LONG, f"{len(smiles)} characters, {MAX_CHARACTERS} allowed")
    if not smiles.isascii():
        raise MoleculeError(Refusal.INVALID, "SMILES are ASCII text")
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            raise MoleculeError(Refusal.INVALID, _problem(smiles))
    return mol


def _problem(smiles: str) -> str:
    """What RDKit has against a SMILES that it refused."""
    mol: Mol | None = Chem.MolFromSmiles(smiles, sanitize=False)
    try:
        problems = Chem.DetectChemistryProblems(mol) if mol else []
    except RuntimeError:  # RDKit 2026.9 on more than 31 hydrogens at one atom.
        problems = ()
    return str(problems[0].Message()) if problems else "RDKit cannot read it as SMILES"
