"""Any SMILES -> one clean organic molecule, or one reason why not."""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache, lru_cache

from rdkit import Chem, rdBase
from rdkit.Chem import Mol, rdMolDescriptors, rdqueries
from rdkit.Chem.MolStandardize import rdMolStandardize

from molvae.chem.molecule import MAX_CHARACTERS, Molecule, parse_mol
from molvae.chem.refusal import Refusal
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

__all__ = [
    "Change",
    "Refusal",
    "standardize",
    "standardize_molecule",
    "standardize_with_changes",
]

_STEREO_MARKS = frozenset("@/\\")
"""Characters without which a SMILES tells no stereochemistry."""
_CHARGES = frozenset("+-")
_PECULIAR = frozenset("[]$~<>:*")
"""Characters without which it has no isotope, no radical, and atoms and bonds of these alone."""
_PLAIN_ELEMENTS = frozenset({"B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I"})


class Change(StrEnum):
    """What cleaning did to a molecule."""

    FRAGMENTS = "smaller fragments left out"
    CHARGES = "charges neutralised"
    STEREO = "marks of stereochemistry removed"


def standardize(text: str, config: StandardizeConfig) -> Molecule:
    """The clean molecule that a SMILES spells under the settings.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    return standardize_with_changes(text, config)[0]


def standardize_with_changes(
    text: str, config: StandardizeConfig
) -> tuple[Molecule, tuple[Change, ...]]:
    """The same, and what was done to it.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    given = mol = parse_mol(text)
    # Looking for a dot costs nothing, looking for fragments a seventh of the whole.
    if config.largest_fragment and "." in text:
        mol = _largest_organic_fragment(mol, config)
    changes = () if mol is given else (Change.FRAGMENTS,)
    cleaned, further = _checked_and_cleaned(mol, text, config)
    molecule = Molecule.from_mol(cleaned)
    # A changed graph carries what RDKit had perceived in the old one; only a fresh reading of its
    # SMILES has the canonical SMILES that every later reading has.
    if cleaned is not mol:
        molecule = Molecule.parse(molecule.smiles)
    return molecule, changes + further


def standardize_molecule(molecule: Molecule, config: StandardizeConfig) -> Molecule:
    """The same of a molecule in one piece that was read before; itself where nothing changes.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    cleaned, _ = _checked_and_cleaned(molecule.mol, molecule.smiles, config)
    if cleaned is molecule.mol:
        return molecule
    return Molecule.parse(Molecule.from_mol(cleaned).smiles)


def _checked_and_cleaned(
    mol: Mol, text: str, config: StandardizeConfig
) -> tuple[Mol, tuple[Change, ...]]:
    """The same object when there was nothing to clean; the text is what it was read from."""
    if not mol.HasSubstructMatch(_carbon()):
        raise MoleculeError(Refusal.INORGANIC, "no carbon atom")
    # What most SMILES cannot hold is not looked for: a search in the graph costs more than in text.
    if not (_PECULIAR.isdisjoint(text) and _PLAIN_ELEMENTS.issubset(config.elements)):
        _check_atoms(mol, config)
    _check_size(mol.GetNumHeavyAtoms(), config)
    return _cleaned(mol, text, config)


def _largest_organic_fragment(mol: Mol, config: StandardizeConfig) -> Mol:
    """Most heavy atoms, then heaviest, then by SMILES: no matter in which order they came."""
    carbons = {atom for (atom,) in mol.GetSubstructMatches(_carbon(), maxMatches=MAX_CHARACTERS)}
    every = Chem.GetMolFrags(mol)
    organic = [atoms for atoms in every if not carbons.isdisjoint(atoms)]
    if not organic or len(every) == 1:
        return mol
    # A polymer among them is refused before its canonical SMILES takes a second.
    _check_size(max(_heavy(mol, atoms) for atoms in organic), config)
    # By way of text: it makes equal fragments one, and RDKit takes seconds to part 2,000 of them.
    fragments = [parse_mol(smiles) for smiles in set(Chem.MolToSmiles(mol).split("."))]
    return max((one for one in fragments if one.HasSubstructMatch(_carbon())), key=_size)


def _heavy(mol: Mol, atoms: Sequence[int]) -> int:
    return sum(mol.GetAtomWithIdx(atom).GetAtomicNum() > 1 for atom in atoms)


def _size(mol: Mol) -> tuple[int, float, str]:
    weight = round(rdMolDescriptors.CalcExactMolWt(mol), 6)
    return mol.GetNumHeavyAtoms(), weight, Chem.MolToSmiles(mol)


def _check_size(count: int, config: StandardizeConfig) -> None:
    if count > config.max_heavy_atoms:
        detail = f"{count}, at most {config.max_heavy_atoms}"
        raise MoleculeError(Refusal.TOO_MANY_HEAVY_ATOMS, detail)
    if count < config.min_heavy_atoms:
        detail = f"{count}, at least {config.min_heavy_atoms}"
        raise MoleculeError(Refusal.TOO_FEW_HEAVY_ATOMS, detail)


def _check_atoms(mol: Mol, config: StandardizeConfig) -> None:
    if not config.allow_isotopes and (found := mol.GetAtomsMatchingQuery(_isotope())):
        atom = found[0]
        raise MoleculeError(Refusal.ISOTOPE, f"{atom.GetIsotope()}{atom.GetSymbol()}")
    if mol.HasSubstructMatch(_foreign_element(config.elements)):
        raise MoleculeError(Refusal.ELEMENT_NOT_ALLOWED, _foreign_symbols(mol, config.elements))
    if any(mol.HasSubstructMatch(query) for query in _foreign_bonds()):
        raise MoleculeError(Refusal.BOND_NOT_ALLOWED, "expected single, double, triple, aromatic")
    if not config.allow_radicals and (found := mol.GetAtomsMatchingQuery(_radical())):
        raise MoleculeError(Refusal.RADICAL, f"on {found[0].GetSymbol()}")


def _foreign_symbols(mol: Mol, elements: tuple[str, ...]) -> str:
    return ", ".join(sorted({atom.GetSymbol() for atom in mol.GetAtoms()} - set(elements)))


def _cleaned(mol: Mol, text: str, config: StandardizeConfig) -> tuple[Mol, tuple[Change, ...]]:
    changes: tuple[Change, ...] = ()
    if config.neutralize and not _CHARGES.isdisjoint(text):
        before, mol = mol, _neutral(mol)
        changes = () if mol is before else (Change.CHARGES,)
    if not config.keep_stereo and not _STEREO_MARKS.isdisjoint(text):
        mol = Mol(mol)
        Chem.RemoveStereochemistry(mol)
        changes += (Change.STEREO,)
    return mol, changes


def _neutral(mol: Mol) -> Mol:
    """The same object where no charge can go."""
    if not mol.HasSubstructMatch(_charged()):
        return mol
    with rdBase.BlockLogs():
        uncharged = _uncharger().uncharge(mol)
    before, after = (
        [atom.GetFormalCharge() for atom in one.GetAtoms()] for one in (mol, uncharged)
    )
    return mol if before == after else uncharged


# RDKit's query objects are made once per process: making one costs more than using it.


@cache
def _carbon() -> Mol:
    return Chem.MolFromSmarts("[#6]")


@cache
def _charged() -> Mol:
    return Chem.MolFromSmarts("[!+0]")


@cache
def _foreign_bonds() -> tuple[Mol, Mol]:
    """Dative, any, quadruple; and aromatic bonds of atoms that are not, which RDKit lets be."""
    return Chem.MolFromSmarts("*!-;!=;!#;!:*"), Chem.MolFromSmarts("A:*")


@cache
def _isotope() -> Chem.QueryAtom:
    return rdqueries.IsotopeGreaterQueryAtom(0)


@cache
def _radical() -> Chem.QueryAtom:
    return rdqueries.NumRadicalElectronsGreaterQueryAtom(0)


@lru_cache(maxsize=16)
def _foreign_element(elements: tuple[str, ...]) -> Mol:
    table = Chem.GetPeriodicTable()
    return Chem.MolFromSmarts(
        "[" + ";".join(f"!#{table.GetAtomicNumber(symbol)}" for symbol in elements) + "]"
    )


@cache
def _uncharger() -> rdMolStandardize.Uncharger:
    return rdMolStandardize.Uncharger()
