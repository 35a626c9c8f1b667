"""Molecule <-> SELFIES symbols, under the one recorded constraint table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import selfies
from rdkit import Chem, rdBase

from molvae.chem.derivation import Repair, first_repair
from molvae.chem.molecule import Molecule
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError

__all__ = [
    "CONSTRAINTS",
    "Repair",
    "Spelling",
    "is_own",
    "read_spelling",
    "read_spellings",
    "repair",
    "robust_alphabet",
    "spell",
    "spell_each",
    "spelled_smiles",
]

Spelling = tuple[str, ...]

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


def spell(molecule: Molecule) -> Spelling:
    """The symbols of a molecule, which `read_spelling` turns into the same molecule.

    They depend on the canonical SMILES only.

    Raises:
        MoleculeError: no spelling that was tried keeps the canonical SMILES as it is.
    """
    _install_constraints()
    with rdBase.BlockLogs():
        for smiles in _writings(molecule.smiles):
            spelling = _spelling_of(smiles)
            if spelling is not None and _canonical(spelling) == molecule.smiles:
                return spelling
    raise MoleculeError(Refusal.NOT_KEPT_BY_SELFIES, molecule.smiles)


def spell_each(smiles: Iterable[str]) -> list[Spelling | None]:
    """The symbols of each molecule; None where there are none that keep it as it is."""
    found: list[Spelling | None] = []
    for text in smiles:
        try:
            found.append(spell(Molecule.parse(text)))
        except MoleculeError:
            found.append(None)
    return found


def is_own(spelling: Spelling, molecule: Molecule) -> bool:
    """Whether `spell` gives the molecule this spelling, of the many that spell it."""
    try:
        return spell(molecule) == spelling
    except MoleculeError:
        return False


def read_spelling(symbols: Sequence[str]) -> Molecule:
    """The molecule that symbols spell; any SELFIES symbols in any order spell something.

    Raises:
        MoleculeError: they spell nothing, or what they spell is not accepted by RDKit.
    """
    return Molecule.parse(spelled_smiles(symbols))


def read_spellings(spellings: Iterable[Spelling]) -> list[Molecule | None]:
    """The molecule that each spells, None where there is none; what comes twice is read once."""
    read: dict[Spelling, Molecule | None] = {}
    found = []
    for spelling in spellings:
        if spelling not in read:
            try:
                read[spelling] = read_spelling(spelling)
            except MoleculeError:
                read[spelling] = None
        found.append(read[spelling])
    return found


def spelled_smiles(symbols: Sequence[str]) -> str:
    """The SMILES, not canonical, that symbols spell; RDKit has not read it yet.

    Raises:
        MoleculeError: they spell nothing.
    """
    _install_constraints()
    try:
        smiles: str = selfies.decoder("".join(symbols))
    except (selfies.DecoderError, RecursionError) as error:
        detail = f"{str(error).splitlines()[0]}"
        raise MoleculeError(Refusal.NOT_A_MOLECULE, detail) from None
    if not smiles:
        raise MoleculeError(Refusal.NOT_A_MOLECULE, "the symbols spell no atom")
    return smiles


def repair(symbols: Sequence[str]) -> Repair | None:
    """What `read_spelling` does to symbols first, where it cannot take them as they are written.

    None when every symbol is used for what it says, as in all that `spell` returns.

    Raises:
        MoleculeError: they spell no atom, or hold an unknown symbol where nothing is repaired yet.
    """
    _install_constraints()
    return first_repair(symbols)


def robust_alphabet() -> tuple[str, ...]:
    """Sorted symbols any string of which obeys the constraint table."""
    _install_constraints()
    return tuple(sorted(selfies.get_semantic_robust_alphabet()))


def _install_constraints() -> None:
    """Make selfies work under `CONSTRAINTS`, whatever other code of this process has told it."""
    if selfies.get_semantic_constraints() != CONSTRAINTS:
        selfies.set_semantic_constraints(dict(CONSTRAINTS))


def _writings(smiles: str) -> Iterator[str]:
    """The SMILES itself, then its Kekulé form: selfies' own kekulisation fails for aryl anions."""
    yield smiles
    mol = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(mol)
    yield Chem.MolToSmiles(mol, kekuleSmiles=True)


def _spelling_of(smiles: str) -> Spelling | None:
    """Symbols of a SMILES; None when selfies cannot write them."""
    try:
        # Not strict: what breaks the constraints does not survive the reading that follows.
        return tuple(selfies.split_selfies(selfies.encoder(smiles, strict=False)))
    # selfies means to raise only the first; the others come from aromatic halogens, from wildcard
    # atoms and from branches nested beyond Python's stack.
    except (selfies.EncoderError, KeyError, AssertionError, RecursionError):
        return None


def _canonical(spelling: Spelling) -> str | None:
    """Canonical SMILES of what the symbols spell; None when it is no molecule."""
    try:
        return read_spelling(spelling).smiles
    except MoleculeError:
        return None
