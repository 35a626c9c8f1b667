"""Any SMILES -> one clean organic molecule, or the reason why there is none."""

from collections.abc import Sequence
from functools import cache, lru_cache

from rdkit import Chem
from rdkit.Chem import Mol, rdMolDescriptors, rdqueries

from molvae.chem.charges import neutralize, normalize_charges
from molvae.chem.metals import organometallic_metal, split_salts
from molvae.chem.molecule import Molecule
from molvae.chem.reading import MAX_CHARACTERS, STEREO_MARKS, Change, read_plain, read_smiles
from molvae.chem.refusal import Refusal
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

__all__ = [
    "Change",
    "Refusal",
    "standardize",
    "standardize_molecule",
]

_CHARGES = frozenset("+-")
_PECULIAR = frozenset("[]$~<>:*|")
"""Characters without which it has no isotope, no radical, and atoms and bonds of these alone."""
_PLAIN_ELEMENTS = frozenset({"B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I"})


def standardize(text: str, config: StandardizeConfig) -> Molecule:
    """The clean molecule of a SMILES or CXSMILES; its `changes` say what cleaning did.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    mol, changes = read_smiles(text)
    if config.largest_fragment and (split := split_salts(mol, text)) is not mol:
        text = Chem.MolToSmiles(split)
        mol, changes = read_plain(text), (*changes, Change.METALS)
    # Looking for a dot costs nothing, looking for fragments a seventh of the whole.
    if config.largest_fragment and "." in text:
        whole, mol = mol, _largest_organic_fragment(mol, config)
        changes += () if mol is whole else (Change.FRAGMENTS,)
    cleaned, more_changes = _check_and_clean(mol, text, config)
    # A changed graph carries what RDKit had perceived in the old one; only a fresh reading of its
    # SMILES has the canonical SMILES that every later reading has.
    molecule = _read_anew(cleaned) if cleaned is not mol else Molecule.from_mol(mol)
    every_change = dict.fromkeys(changes + more_changes + molecule.changes)
    return Molecule(molecule.smiles, molecule.mol, tuple(every_change))


def standardize_molecule(molecule: Molecule, config: StandardizeConfig) -> Molecule:
    """The clean form of a molecule of one fragment; the same object if nothing changes.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    cleaned, changes = _check_and_clean(molecule.mol, molecule.smiles, config)
    if cleaned is molecule.mol:
        return molecule
    fresh = _read_anew(cleaned)
    every_change = dict.fromkeys(molecule.changes + changes + fresh.changes)
    return Molecule(fresh.smiles, fresh.mol, tuple(every_change))


def _read_anew(mol: Mol) -> Molecule:
    return Molecule.parse(Chem.MolToSmiles(mol))


def _check_and_clean(
    mol: Mol, text: str, config: StandardizeConfig
) -> tuple[Mol, tuple[Change, ...]]:
    """The clean molecule, the same object if nothing changes; `text` is its SMILES as read."""
    if not mol.HasSubstructMatch(_carbon()):
        raise MoleculeError(Refusal.INORGANIC, "no carbon atom")
    # Most SMILES cannot hold a forbidden atom: a search in text costs less than in the graph.
    if not (_PECULIAR.isdisjoint(text) and _PLAIN_ELEMENTS.issubset(config.elements)):
        _check_atoms(mol, config)
    _check_size(mol.GetNumHeavyAtoms(), config)
    return _clean(mol, text, config)


def _largest_organic_fragment(mol: Mol, config: StandardizeConfig) -> Mol:
    """The fragment with carbon of most heavy atoms, then the heaviest, then the first by SMILES.

    Raises:
        MoleculeError: it is too large, or the ligand of an organometallic compound.
    """
    carbons = {atom for (atom,) in mol.GetSubstructMatches(_carbon(), maxMatches=MAX_CHARACTERS)}
    fragments = Chem.GetMolFrags(mol)
    organic = [atoms for atoms in fragments if not carbons.isdisjoint(atoms)]
    if not organic or len(fragments) == 1:
        return mol
    # A polymer among them is refused before its canonical SMILES takes a second.
    _check_size(max(_count_heavy_atoms(mol, atoms) for atoms in organic), config)
    metal = organometallic_metal(mol)
    if metal is not None and metal not in config.elements:
        raise MoleculeError(Refusal.ORGANOMETALLIC, metal)
    # By way of text: it makes equal fragments one, and RDKit takes seconds to part 2,000 of them.
    molecules = [read_plain(smiles) for smiles in set(Chem.MolToSmiles(mol).split("."))]
    return max((some for some in molecules if some.HasSubstructMatch(_carbon())), key=_size)


def _count_heavy_atoms(mol: Mol, atoms: Sequence[int]) -> int:
    return sum(mol.GetAtomWithIdx(atom).GetAtomicNum() > 1 for atom in atoms)


def _size(mol: Mol) -> tuple[int, float, str]:
    weight = round(rdMolDescriptors.CalcExactMolWt(mol), 6)
    return mol.GetNumHeavyAtoms(), weight, Chem.MolToSmiles(mol)


def _check_size(count: int, config: StandardizeConfig) -> None:
    if count > config.max_heavy_atoms:
        detail = f"{count} heavy atoms, at most {config.max_heavy_atoms}"
        raise MoleculeError(Refusal.TOO_MANY_HEAVY_ATOMS, detail)
    if count < config.min_heavy_atoms:
        detail = f"{count} heavy atoms, at least {config.min_heavy_atoms}"
        raise MoleculeError(Refusal.TOO_FEW_HEAVY_ATOMS, detail)


def _check_atoms(mol: Mol, config: StandardizeConfig) -> None:
    if not config.allow_isotopes and (labeled := mol.GetAtomsMatchingQuery(_isotope())):
        atom = labeled[0]
        raise MoleculeError(Refusal.ISOTOPE, f"{atom.GetIsotope()}{atom.GetSymbol()}")
    if foreign := mol.GetSubstructMatches(_foreign_element(config.elements)):
        symbols = {mol.GetAtomWithIdx(atom).GetSymbol() for (atom,) in foreign}
        raise MoleculeError(Refusal.ELEMENT_NOT_ALLOWED, ", ".join(sorted(symbols)))
    if any(mol.HasSubstructMatch(query) for query in _foreign_bonds()):
        raise MoleculeError(Refusal.BOND_NOT_ALLOWED, "expected single, double, triple, aromatic")
    if not config.allow_radicals and (radicals := mol.GetAtomsMatchingQuery(_radical())):
        raise MoleculeError(Refusal.RADICAL, f"on {radicals[0].GetSymbol()}")


def _clean(mol: Mol, text: str, config: StandardizeConfig) -> tuple[Mol, tuple[Change, ...]]:
    changes: tuple[Change, ...] = ()
    if "+" in text:
        before, mol = mol, normalize_charges(mol)
        changes = () if mol is before else (Change.CHARGE_FORM,)
    elif mol.HasSubstructMatch(_cation()):
        # RDKit itself normalizes N(=O)=O and N=N#N when it reads them.
        changes = (Change.CHARGE_FORM,)
    if config.neutralize and not _CHARGES.isdisjoint(text):
        before, mol = mol, neutralize(mol)
        changes += () if mol is before else (Change.CHARGES,)
    if not config.keep_stereo and not STEREO_MARKS.isdisjoint(text):
        mol = Mol(mol)
        Chem.RemoveStereochemistry(mol)
        changes += (Change.STEREO,)
    return mol, changes


# RDKit's query objects are made once per process: making one costs more than using it.


@cache
def _carbon() -> Mol:
    return Chem.MolFromSmarts("[#6]")


@cache
def _cation() -> Mol:
    return Chem.MolFromSmarts("[+]")


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
    """An atom of another element; deuterium and tritium are hydrogen, which is always allowed."""
    table = Chem.GetPeriodicTable()
    allowed = ";".join(f"!#{table.GetAtomicNumber(symbol)}" for symbol in elements)
    return Chem.MolFromSmarts(f"[{allowed};!$([#1;!0*;X1])]")
