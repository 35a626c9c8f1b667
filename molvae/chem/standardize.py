"""Standardization: a clean organic molecule for a SMILES, or the reason why it is refused."""

from functools import lru_cache

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
"""Characters of SMILES that may have isotopes, radicals, or unusual elements and bonds."""
_PLAIN_ELEMENTS = frozenset({"B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I"})


_CARBON = Chem.MolFromSmarts("[#6]")
_CATION = Chem.MolFromSmarts("[+]")
_FOREIGN_BONDS = (Chem.MolFromSmarts("*!-;!=;!#;!:*"), Chem.MolFromSmarts("A:*"))
"""Queries for unusual bonds and for aromatic bonds of non-aromatic atoms."""
_ISOTOPE = rdqueries.IsotopeGreaterQueryAtom(0)
_RADICAL = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)


def standardize(text: str, config: StandardizeConfig) -> Molecule:
    """The clean molecule of a SMILES or CXSMILES; its `changes` list the changes made.

    Raises:
        MoleculeError: the molecule is refused; the error's `reason` is a `Refusal`.
    """
    mol, changes = read_smiles(text)
    if config.largest_fragment and (split := split_salts(mol, text)) is not mol:
        text = Chem.MolToSmiles(split)
        mol, changes = read_plain(text), (*changes, Change.METALS)
    # Searching for a dot is free; searching for fragments takes a seventh of the total time.
    if config.largest_fragment and "." in text:
        whole, mol = mol, _largest_organic_fragment(mol, config)
        changes += () if mol is whole else (Change.FRAGMENTS,)
    cleaned, more_changes = _check_and_clean(mol, text, config)
    # A changed graph keeps the perception of the old one; parsing its SMILES again gives the
    # canonical SMILES that any later parsing gives.
    molecule = _reparse(cleaned) if cleaned is not mol else Molecule.from_mol(mol)
    all_changes = dict.fromkeys(changes + more_changes + molecule.changes)
    return Molecule(molecule.smiles, molecule.mol, tuple(all_changes))


def standardize_molecule(molecule: Molecule, config: StandardizeConfig) -> Molecule:
    """The clean form of a molecule with a single fragment; the same object if nothing changes.

    Raises:
        MoleculeError: the molecule is refused; the error's `reason` is a `Refusal`.
    """
    cleaned, changes = _check_and_clean(molecule.mol, molecule.smiles, config)
    if cleaned is molecule.mol:
        return molecule
    fresh = _reparse(cleaned)
    all_changes = dict.fromkeys(molecule.changes + changes + fresh.changes)
    return Molecule(fresh.smiles, fresh.mol, tuple(all_changes))


def _reparse(mol: Mol) -> Molecule:
    return Molecule.parse(Chem.MolToSmiles(mol))


def _check_and_clean(
    mol: Mol, text: str, config: StandardizeConfig
) -> tuple[Mol, tuple[Change, ...]]:
    """The clean molecule, the same object if nothing changes; `text` is the parsed SMILES."""
    if not mol.HasSubstructMatch(_CARBON):
        raise MoleculeError(Refusal.INORGANIC, "no carbon atom")
    # Most SMILES cannot have a forbidden atom: searching the text is cheaper than the graph.
    if not (_PECULIAR.isdisjoint(text) and _PLAIN_ELEMENTS.issubset(config.elements)):
        _check_atoms(mol, config)
    _check_size(mol.GetNumHeavyAtoms(), config)
    return _clean(mol, text, config)


def _largest_organic_fragment(mol: Mol, config: StandardizeConfig) -> Mol:
    """The carbon-containing fragment with most heavy atoms; ties by weight, then by SMILES.

    Raises:
        MoleculeError: it is too large, or it is the ligand of an organometallic compound.
    """
    carbons = {atom for (atom,) in mol.GetSubstructMatches(_CARBON, maxMatches=MAX_CHARACTERS)}
    fragments = Chem.GetMolFrags(mol)
    organic = [atoms for atoms in fragments if not carbons.isdisjoint(atoms)]
    if not organic or len(fragments) == 1:
        return mol
    # Checked before the canonical SMILES of a polymer takes a second.
    heavy = [atom.GetAtomicNum() > 1 for atom in mol.GetAtoms()]
    _check_size(max(sum(heavy[atom] for atom in atoms) for atoms in organic), config)
    metal = organometallic_metal(mol)
    if metal is not None and metal not in config.elements:
        raise MoleculeError(Refusal.ORGANOMETALLIC, metal)
    # As text, which merges equal fragments; RDKit takes seconds to split off 2,000 of them.
    molecules = [read_plain(smiles) for smiles in set(Chem.MolToSmiles(mol).split("."))]
    return max(
        (fragment for fragment in molecules if fragment.HasSubstructMatch(_CARBON)),
        key=lambda fragment: (
            fragment.GetNumHeavyAtoms(),
            round(rdMolDescriptors.CalcExactMolWt(fragment), 6),
            Chem.MolToSmiles(fragment),
        ),
    )


def _check_size(count: int, config: StandardizeConfig) -> None:
    if count > config.max_heavy_atoms:
        detail = f"{count} heavy atoms, at most {config.max_heavy_atoms}"
        raise MoleculeError(Refusal.TOO_MANY_HEAVY_ATOMS, detail)
    if count < config.min_heavy_atoms:
        detail = f"{count} heavy atoms, at least {config.min_heavy_atoms}"
        raise MoleculeError(Refusal.TOO_FEW_HEAVY_ATOMS, detail)


def _check_atoms(mol: Mol, config: StandardizeConfig) -> None:
    if not config.allow_isotopes and (labeled := mol.GetAtomsMatchingQuery(_ISOTOPE)):
        atom = labeled[0]
        raise MoleculeError(Refusal.ISOTOPE, f"{atom.GetIsotope()}{atom.GetSymbol()}")
    if foreign := mol.GetSubstructMatches(_foreign_element(config.elements)):
        symbols = {mol.GetAtomWithIdx(atom).GetSymbol() for (atom,) in foreign}
        raise MoleculeError(Refusal.ELEMENT_NOT_ALLOWED, ", ".join(sorted(symbols)))
    if any(mol.HasSubstructMatch(query) for query in _FOREIGN_BONDS):
        raise MoleculeError(Refusal.BOND_NOT_ALLOWED, "expected single, double, triple, aromatic")
    if not config.allow_radicals and (radicals := mol.GetAtomsMatchingQuery(_RADICAL)):
        raise MoleculeError(Refusal.RADICAL, f"on {radicals[0].GetSymbol()}")


def _clean(mol: Mol, text: str, config: StandardizeConfig) -> tuple[Mol, tuple[Change, ...]]:
    changes: tuple[Change, ...] = ()
    if "+" in text:
        before, mol = mol, normalize_charges(mol)
        changes = () if mol is before else (Change.CHARGE_FORM,)
    elif mol.HasSubstructMatch(_CATION):
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


# Cached: creating a query costs more than using it.
@lru_cache(maxsize=16)
def _foreign_element(elements: tuple[str, ...]) -> Mol:
    """Query for an atom of another element; hydrogen and its isotopes are always allowed."""
    table = Chem.GetPeriodicTable()
    allowed = ";".join(f"!#{table.GetAtomicNumber(symbol)}" for symbol in elements)
    return Chem.MolFromSmarts(f"[{allowed};!$([#1;!0*;X1])]")
