"""What a worker process does: texts of molecules -> symbols, or the reason of refusal."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt16

from molvae.chem.notation import Selfies, to_selfies
from molvae.chem.refusal import Refusal
from molvae.chem.standardize import Change, standardize_with_changes
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

IDENTITY_BYTES = 16
"""Of a canonical SMILES: two of 10^9 molecules are taken for one with a chance below 10^-20."""


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
        changed: what cleaning did, each with the number of the accepted molecule.
        refused: place, reason and detail of each other text.
    """

    accepted: Int64[np.ndarray, " accepted"]
    identities: list[bytes]
    symbols: list[str]
    codes: UInt16[np.ndarray, " code"]
    lengths: Int32[np.ndarray, " accepted"]
    changed: list[tuple[int, str]]
    refused: list[tuple[int, str, str]]


def clean(task: CleaningTask) -> Cleaned:
    """Clean, check and spell each text of the task."""
    accepted: dict[int, Accepted] = {}
    refused: list[tuple[int, str, str]] = []
    for place, text in enumerate(task.texts):
        try:
            accepted[place] = accepted_molecule(text, task.rules)
        except MoleculeError as error:
            refused.append((place, error.reason, error.detail))
    return _packed(accepted, refused)


class Accepted(NamedTuple):
    """A molecule that was taken."""

    smiles: str
    """Canonical, after cleaning."""
    selfies: Selfies
    changes: tuple[Change, ...]
    """What cleaning did to it."""


def accepted_molecule(text: str, rules: CleaningRules) -> Accepted:
    """The molecule that a text spells under the rules.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    molecule, changes = standardize_with_changes(text, rules.standardize)
    selfies = to_selfies(molecule)
    if len(selfies) > rules.max_symbols:
        raise MoleculeError(Refusal.TOO_MANY_SYMBOLS, f"{len(selfies)} > {rules.max_symbols}")
    return Accepted(molecule.smiles, selfies, changes)


def _identity(smiles: str) -> bytes:
    return hashlib.blake2b(smiles.encode(), digest_size=IDENTITY_BYTES).digest()


def _packed(accepted: Mapping[int, Accepted], refused: list[tuple[int, str, str]]) -> Cleaned:
    selfies_rows = [one.selfies for one in accepted.values()]
    codes: dict[str, int] = {}
    flat = [codes.setdefault(symbol, len(codes)) for selfies in selfies_rows for symbol in selfies]
    return Cleaned(
        accepted=np.array(list(accepted), dtype=np.int64),
        identities=[_identity(one.smiles) for one in accepted.values()],
        symbols=list(codes),
        codes=np.array(flat, dtype=np.uint16),
        lengths=np.array([len(selfies) for selfies in selfies_rows], dtype=np.int32),
        changed=[
            (number, change.value)
            for number, one in enumerate(accepted.values())
            for change in one.changes
        ],
        refused=refused,
    )
