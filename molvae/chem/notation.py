"""Conversion between molecules and SELFIES symbols, with a fixed constraint table."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np
import selfies as sf
from rdkit import Chem, rdBase

from molvae.chem.derivation import Repair, first_repair
from molvae.chem.molecule import Molecule
from molvae.chem.refusal import Refusal, none_if_refused
from molvae.errors import MoleculeError

__all__ = [
    "CONSTRAINTS",
    "Repair",
    "Selfies",
    "from_selfies",
    "from_selfies_batch",
    "is_canonical",
    "is_single_bonded",
    "is_unrepaired",
    "random_selfies",
    "repair",
    "robust_alphabet",
    "selfies_to_smiles",
    "smiles_or_none",
    "smiles_to_selfies",
    "split_symbols",
    "to_selfies",
    "to_selfies_batch",
]

Selfies = tuple[str, ...]

_MARKED_ATOM = re.compile(r"\[([=#]?)[/\\]?([0-9]*)([A-Z][a-z]?)@{1,2}(H[0-9])?([+-][0-9])?\]")
"""Symbol of a chiral atom: bond, isotope, element, hydrogens, charge."""
_SYMBOL = re.compile(r"\[[^\[\]\s]+\]|\.")
_SYMBOLS = re.compile(rf"(?:{_SYMBOL.pattern})+")
_SINGLE_BONDED = re.compile(r"\[(?![=#/\\]|Branch|Ring)[^\]]+\]")
_ORGANIC = frozenset({"B", "C", "N", "O", "S", "P"})
"""Elements whose hydrogens are implicit if the atom has no stereo mark, isotope or charge."""

# The default preset of selfies 2.x, which agrees with RDKit's valences, and two further elements
# that `standardize` accepts: selfies allows 8 bonds for an element outside the table, RDKit fewer.
CONSTRAINTS: Mapping[str, int] = MappingProxyType(
    {
        "H": 1, "F": 1, "Cl": 1, "Br": 1, "I": 1,
        "B": 3, "B+1": 2, "B-1": 4,
        "O": 2, "O+1": 3, "O-1": 1,
        "N": 3, "N+1": 4, "N-1": 2,
        "C": 4, "C+1": 3, "C-1": 3,
        "P": 5, "P+1": 4, "P-1": 6,
        "S": 6, "S+1": 5, "S-1": 5,
        "Se": 6, "Si": 4,
        "?": 8,
    }
)  # fmt: skip


def to_selfies(molecule: Molecule, source: Selfies | None = None) -> Selfies:
    """The canonical SELFIES of a molecule, which `from_selfies` decodes to the same molecule.

    The result depends only on the canonical SMILES.

    Args:
        molecule: the molecule.
        source: SELFIES that the molecule was decoded from; if they are the canonical ones, they
            need not be decoded again.

    Raises:
        MoleculeError: no SELFIES decode to the same canonical SMILES.

    >>> to_selfies(Molecule.parse("CC=O"))
    ('[C]', '[C]', '[=O]')
    """
    _install_constraints()
    with rdBase.BlockLogs():
        for smiles in _smiles_forms(molecule.smiles):
            selfies = smiles_to_selfies(smiles)
            if selfies is None:
                continue
            if selfies == source or smiles_or_none(selfies) == molecule.smiles:
                return selfies
    raise MoleculeError(Refusal.NOT_ENCODABLE, molecule.smiles)


def to_selfies_batch(smiles: Iterable[str]) -> list[Selfies | None]:
    """Canonical SELFIES per SMILES; None where the molecule is invalid or not encodable."""
    # Not a list: RDKit's molecules are large.
    molecules = (none_if_refused(Molecule.parse, text) for text in smiles)
    return [
        None if molecule is None else none_if_refused(to_selfies, molecule)
        for molecule in molecules
    ]


def random_selfies(
    molecule: Molecule, generator: np.random.Generator, *, check: bool = True
) -> Selfies | None:
    """SELFIES of a random atom order; None if they decode to another molecule.

    Args:
        molecule: the molecule.
        generator: source of randomness.
        check: whether to decode them, which takes half of the time. About one in 25,000 molecules
            decodes to another.
    """
    _install_constraints()
    order = generator.permutation(molecule.mol.GetNumAtoms()).tolist()
    with rdBase.BlockLogs():
        shuffled = Chem.RenumberAtoms(molecule.mol, order)
        selfies = smiles_to_selfies(Chem.MolToSmiles(shuffled, canonical=False))
        if not check:
            return selfies
        is_same = selfies is not None and smiles_or_none(selfies) == molecule.smiles
    return selfies if is_same else None


def is_canonical(selfies: Selfies, molecule: Molecule) -> bool:
    """Whether these are the SELFIES that `to_selfies` returns for the molecule."""
    return none_if_refused(to_selfies, molecule) == selfies


def from_selfies(symbols: Sequence[str]) -> Molecule:
    """The molecule that symbols decode to; nearly any sequence of symbols is valid.

    Raises:
        MoleculeError: no atom is decoded, or RDKit does not accept the result.
    """
    return Molecule.parse(selfies_to_smiles(symbols))


def from_selfies_batch(selfies_rows: Iterable[Selfies]) -> list[Molecule | None]:
    """Molecule of each row, or None if it has none; repeated rows are decoded once."""
    decoded: dict[Selfies, Molecule | None] = {}
    molecules = []
    for selfies in selfies_rows:
        if selfies not in decoded:
            decoded[selfies] = none_if_refused(from_selfies, selfies)
        molecules.append(decoded[selfies])
    return molecules


def smiles_or_none(symbols: Sequence[str]) -> str | None:
    """Canonical SMILES of the molecule that symbols decode to; None if there is none."""
    molecule = none_if_refused(from_selfies, symbols)
    return None if molecule is None else molecule.smiles


def selfies_to_smiles(symbols: Sequence[str]) -> str:
    """SMILES that symbols decode to, neither canonical nor checked by RDKit.

    Raises:
        MoleculeError: no atom is decoded.
    """
    _install_constraints()
    try:
        smiles: str = sf.decoder("".join(symbols))
    except (sf.DecoderError, RecursionError) as error:
        detail = f"{str(error).splitlines()[0]}"
        raise MoleculeError(Refusal.INVALID, detail) from None
    if not smiles:
        raise MoleculeError(Refusal.INVALID, "the symbols decode to no atom")
    return smiles


def smiles_to_selfies(smiles: str) -> Selfies | None:
    """Symbols of a SMILES, with the atoms in its order; None if selfies cannot encode it.

    Unlike `to_selfies` it does not check that they decode to the same molecule.
    """
    _install_constraints()
    try:
        # Not strict: SELFIES that violate the constraints fail the round trip that follows.
        return tuple(sf.split_selfies(sf.encoder(smiles, strict=False)))
    # Only the first is documented by selfies; the others come from aromatic halogens, wildcard
    # atoms, and branches nested beyond Python's recursion limit.
    except (sf.EncoderError, KeyError, AssertionError, RecursionError):
        return None


def split_symbols(text: str) -> Selfies | None:
    """The symbols of SELFIES in a text; None if it holds anything else, or nothing."""
    return tuple(_SYMBOL.findall(text)) if _SYMBOLS.fullmatch(text) else None


def is_single_bonded(symbol: str) -> bool:
    """Whether a symbol is an atom with a single bond, without a mark of its direction."""
    return _SINGLE_BONDED.fullmatch(symbol) is not None


def repair(symbols: Sequence[str]) -> Repair | None:
    """First repair that `from_selfies` makes to symbols that cannot be decoded as written.

    None if all symbols decode as written, which holds for all results of `to_selfies`.

    Raises:
        MoleculeError: they decode to no atom, or an unknown symbol comes before any repair.
    """
    _install_constraints()
    return first_repair(symbols)


def is_unrepaired(symbols: Sequence[str]) -> bool:
    """Whether symbols decode as written; False if they decode to no molecule."""
    try:
        return repair(symbols) is None
    except MoleculeError:
        return False


def remove_stereo(symbols: Sequence[str]) -> Selfies:
    """The SELFIES without stereo marks.

    They decode to the molecule of the flat SMILES, and are canonical for most molecules (94 % of
    400 ChEMBL molecules with stereo marks); the marks may change the order of the atoms.
    """
    return tuple(map(_remove_marks, symbols))


def robust_alphabet() -> tuple[str, ...]:
    """Symbols that obey the constraint table in any order, sorted."""
    _install_constraints()
    return tuple(sorted(sf.get_semantic_robust_alphabet()))


@cache
def _remove_marks(symbol: str) -> str:
    atom = _MARKED_ATOM.fullmatch(symbol)
    if atom is None:
        return symbol.replace("/", "").replace("\\", "")
    bond, isotope, element, hydrogens, charge = atom.groups(default="")
    if element in _ORGANIC and not isotope and not charge:
        hydrogens = ""
    return f"[{bond}{isotope}{element}{hydrogens}{charge}]"


def _install_constraints() -> None:
    """Make selfies use `CONSTRAINTS`, even if other code has set other constraints."""
    if sf.get_semantic_constraints() != CONSTRAINTS:
        sf.set_semantic_constraints(dict(CONSTRAINTS))


def _smiles_forms(smiles: str) -> Iterator[str]:
    """The SMILES, then its Kekulé form, because kekulization by selfies fails for aryl anions."""
    yield smiles
    mol = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(mol)
    yield Chem.MolToSmiles(mol, kekuleSmiles=True)
