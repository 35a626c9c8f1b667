"""Molecule <-> SELFIES symbols, under the one recorded constraint table."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np
import selfies as sf
from rdkit import Chem, rdBase

from molvae.chem.derivation import Repair, first_repair
from molvae.chem.molecule import Molecule
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError

__all__ = [
    "CONSTRAINTS",
    "Repair",
    "Selfies",
    "from_selfies",
    "from_selfies_batch",
    "is_canonical",
    "random_selfies",
    "repair",
    "robust_alphabet",
    "selfies_to_smiles",
    "to_selfies",
    "to_selfies_batch",
]

Selfies = tuple[str, ...]

_MARKED_ATOM = re.compile(r"\[([=#]?)[/\\]?([0-9]*)([A-Z][a-z]?)@{1,2}(H[0-9])?([+-][0-9])?\]")
"""A symbol of a chiral atom: bond, isotope, element, hydrogens, charge."""
_ORGANIC = frozenset({"B", "C", "N", "O", "S", "P"})
"""Elements whose hydrogens selfies leaves out where the atom has no mark, isotope or charge."""

# The default preset of selfies 2.x, which RDKit accepts to the last bond, and two elements more
# that `standardize` lets in: selfies gives an element outside the table 8 bonds, RDKit does not.
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


def to_selfies(molecule: Molecule) -> Selfies:
    """The symbols of a molecule, which `from_selfies` turns into the same molecule.

    They depend on the canonical SMILES only.

    Raises:
        MoleculeError: no spelling that was tried keeps the canonical SMILES as it is.
    """
    _install_constraints()
    with rdBase.BlockLogs():
        for smiles in _writings(molecule.smiles):
            selfies = _encode_smiles(smiles)
            if selfies is not None and _canonical(selfies) == molecule.smiles:
                return selfies
    raise MoleculeError(Refusal.NOT_ENCODABLE, molecule.smiles)


def to_selfies_batch(smiles: Iterable[str]) -> list[Selfies | None]:
    """The symbols of each molecule; None where there are none that keep it as it is."""
    found: list[Selfies | None] = []
    for text in smiles:
        try:
            found.append(to_selfies(Molecule.parse(text)))
        except MoleculeError:
            found.append(None)
    return found


def random_selfies(molecule: Molecule, generator: np.random.Generator) -> Selfies | None:
    """SELFIES of a random atom order of the molecule; None if it decodes to another molecule."""
    _install_constraints()
    order = generator.permutation(molecule.mol.GetNumAtoms()).tolist()
    with rdBase.BlockLogs():
        shuffled = Chem.RenumberAtoms(molecule.mol, order)
        selfies = _encode_smiles(Chem.MolToSmiles(shuffled, canonical=False))
        is_same = selfies is not None and _canonical(selfies) == molecule.smiles
    return selfies if is_same else None


def is_canonical(selfies: Selfies, molecule: Molecule) -> bool:
    """Whether `to_selfies` gives the molecule this spelling, of the many that spell it."""
    try:
        return to_selfies(molecule) == selfies
    except MoleculeError:
        return False


def from_selfies(symbols: Sequence[str]) -> Molecule:
    """The molecule that symbols spell; any SELFIES symbols in any order spell something.

    Raises:
        MoleculeError: they spell nothing, or what they spell is not accepted by RDKit.
    """
    return Molecule.parse(selfies_to_smiles(symbols))


def from_selfies_batch(selfies_rows: Iterable[Selfies]) -> list[Molecule | None]:
    """The molecule that each spells, None where there is none; what comes twice is read once."""
    read: dict[Selfies, Molecule | None] = {}
    found = []
    for selfies in selfies_rows:
        if selfies not in read:
            try:
                read[selfies] = from_selfies(selfies)
            except MoleculeError:
                read[selfies] = None
        found.append(read[selfies])
    return found


def selfies_to_smiles(symbols: Sequence[str]) -> str:
    """The SMILES, not canonical, that symbols spell; RDKit has not read it yet.

    Raises:
        MoleculeError: they spell nothing.
    """
    _install_constraints()
    try:
        smiles: str = sf.decoder("".join(symbols))
    except (sf.DecoderError, RecursionError) as error:
        detail = f"{str(error).splitlines()[0]}"
        raise MoleculeError(Refusal.INVALID, detail) from None
    if not smiles:
        raise MoleculeError(Refusal.INVALID, "the symbols spell no atom")
    return smiles


def repair(symbols: Sequence[str]) -> Repair | None:
    """What `from_selfies` does to symbols first, where it cannot take them as they are written.

    None when every symbol is used for what it says, as in all that `to_selfies` returns.

    Raises:
        MoleculeError: they spell no atom, or hold an unknown symbol where nothing is repaired yet.
    """
    _install_constraints()
    return first_repair(symbols)


def remove_stereo(symbols: Sequence[str]) -> Selfies:
    """The SELFIES without stereo marks.

    The molecule is that of the flat SMILES; its SELFIES are canonical for most molecules (94 % of
    400 ChEMBL molecules with stereo marks), as the marks may change the order of the atoms.
    """
    return tuple(map(_remove_marks, symbols))


def robust_alphabet() -> tuple[str, ...]:
    """Sorted symbols any string of which obeys the constraint table."""
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
    """Make selfies work under `CONSTRAINTS`, whatever other code of this process has told it."""
    if sf.get_semantic_constraints() != CONSTRAINTS:
        sf.set_semantic_constraints(dict(CONSTRAINTS))


def _writings(smiles: str) -> Iterator[str]:
    """The SMILES itself, then its Kekulé form: selfies' own kekulisation fails for aryl anions."""
    yield smiles
    mol = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(mol)
    yield Chem.MolToSmiles(mol, kekuleSmiles=True)


def _encode_smiles(smiles: str) -> Selfies | None:
    """Symbols of a SMILES; None when selfies cannot write them."""
    try:
        # Not strict: what breaks the constraints does not survive the reading that follows.
        return tuple(sf.split_selfies(sf.encoder(smiles, strict=False)))
    # selfies means to raise only the first; the others come from aromatic halogens, from wildcard
    # atoms and from branches nested beyond Python's stack.
    except (sf.EncoderError, KeyError, AssertionError, RecursionError):
        return None


def _canonical(selfies: Selfies) -> str | None:
    """Canonical SMILES of what the symbols spell; None when it is no molecule."""
    try:
        return from_selfies(selfies).smiles
    except MoleculeError:
        return None
