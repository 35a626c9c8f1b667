"""What a worker process does: texts of molecules -> symbols, or the reason of refusal."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64, UInt16

from molvae.chem.notation import Spelling, spell
from molvae.chem.refusal import Refusal
from molvae.chem.standardize import StandardizeConfig, standardize
from molvae.errors import MoleculeError

IDENTITY_BYTES = 16
"""Of a canonical SMILES: two of 10^9 molecules are taken for one with a chance below 10^-20."""


MAX_SYMBOLS = 200
"""Of a molecule, unless more or fewer are asked for."""


@dataclass(frozen=True, slots=True)
class CleaningRules:
    """How a molecule is cleaned, and how many symbols it may have."""

    standardize: StandardizeConfig
    max_symbols: int


@dataclass(frozen=True, slots=True)
class CleaningTask:
    """Texts of molecules, and how to clean them."""

    texts: list[str]
    rules: CleaningRules


@dataclass(frozen=True)
class Cleaned:
    """What became of the texts of one task, packed so that it travels fast between processes.

    Attributes:
        accepted: places of the accepted texts.
        identities: a hash of each accepted molecule's canonical SMILES.
        symbols: the distinct symbols that occur.
        codes: places in `symbols`, of one accepted molecule after the other.
        lengths: symbols of each accepted molecule.
        refused: place, reason and detail of each other text.
    """

    accepted: Int64[np.ndarray, " accepted"]
    identities: list[bytes]
    symbols: list[str]
    codes: UInt16[np.ndarray, " code"]
    lengths: Int32[np.ndarray, " accepted"]
    refused: list[tuple[int, str, str]]


def clean(task: CleaningTask) -> Cleaned:
    """Clean, check and spell each text of the task."""
    accepted: list[int] = []
    identities: list[bytes] = []
    spellings: list[Spelling] = []
    refused: list[tuple[int, str, str]] = []
    for place, text in enumerate(task.texts):
        try:
            smiles, spelling = accepted_molecule(text, task.rules)
        except MoleculeError as error:
            refused.append((place, error.reason, error.detail))
            continue
        accepted.append(place)
        identities.append(_identity(smiles))
        spellings.append(spelling)
    return _packed(accepted, identities, spellings, refused)


def accepted_molecule(text: str, rules: CleaningRules) -> tuple[str, Spelling]:
    """Canonical SMILES and symbols of the molecule that a text spells under the rules.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    molecule = standardize(text, rules.standardize)
    spelling = spell(molecule)
    if len(spelling) > rules.max_symbols:
        raise MoleculeError(Refusal.TOO_MANY_SYMBOLS, f"{len(spelling)} > {rules.max_symbols}")
    return molecule.smiles, spelling


def _identity(smiles: str) -> bytes:
    return hashlib.blake2b(smiles.encode(), digest_size=IDENTITY_BYTES).digest()


def _packed(
    accepted: list[int],
    identities: list[bytes],
    spellings: list[Spelling],
    refused: list[tuple[int, str, str]],
) -> Cleaned:
    codes: dict[str, int] = {}
    flat = [codes.setdefault(symbol, len(codes)) for spelling in spellings for symbol in spelling]
    return Cleaned(
        accepted=np.array(accepted, dtype=np.int64),
        identities=identities,
        symbols=list(codes),
        codes=np.array(flat, dtype=np.uint16),
        lengths=np.array([len(spelling) for spelling in spellings], dtype=np.int32),
        refused=refused,
    )
