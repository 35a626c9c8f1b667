"""Work of a worker process: texts of molecules -> symbols, or the reason of refusal."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt16

from molvae.chem.notation import Selfies, to_selfies
from molvae.chem.refusal import Refusal
from molvae.chem.standardize import Change, standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import ConfigError, MoleculeError
from molvae.runs import package_version

IDENTITY_BYTES = 16
"""Length of the hash of a canonical SMILES: two of 10^9 molecules share one with a probability
below 10^-20."""


@dataclass(frozen=True, slots=True)
class CleaningRules:
    """How a molecule is cleaned, and its largest number of symbols."""

    standardize: StandardizeConfig
    max_symbols: int


@dataclass(frozen=True, slots=True)
class CleaningTask:
    """Texts of molecules, and how to clean them."""

    texts: list[str]
    rules: CleaningRules


@dataclass(frozen=True)
class Cleaned:
    """Outcome of a task, packed so that it travels fast between processes.

    Attributes:
        accepted: indices of the accepted texts.
        identities: hash of the canonical SMILES of each accepted molecule.
        symbols: distinct symbols that occur.
        codes: indices into `symbols`, one accepted molecule after the other.
        lengths: number of symbols of each accepted molecule.
        changed: number of an accepted molecule, and a change that cleaning made to it.
        refused: index, reason and detail of each other text.
    """

    accepted: Int64[np.ndarray, " accepted"]
    identities: list[bytes]
    symbols: list[str]
    codes: UInt16[np.ndarray, " code"]
    lengths: Int32[np.ndarray, " accepted"]
    changed: list[tuple[int, str]]
    refused: list[tuple[int, str, str]]


def clean(task: CleaningTask) -> Cleaned:
    """Clean each text of the task, and translate it to SELFIES."""
    accepted: dict[int, Accepted] = {}
    refused: list[tuple[int, str, str]] = []
    for index, text in enumerate(task.texts):
        try:
            accepted[index] = clean_text(text, task.rules)
        except MoleculeError as error:
            refused.append((index, error.reason, error.detail))
    return _pack(accepted, refused)


def clean_alike(task: CleaningTask, versions: Mapping[str, str]) -> Cleaned:
    """Clean as `clean` does, on another machine with the same versions of some packages.

    Raises:
        ConfigError: this process has another version, which may read molecules differently.
    """
    own = {package: package_version(package) for package in versions}
    if own != versions:
        raise ConfigError(
            f"a worker of the cluster has {own}, and this process {dict(versions)}; install the "
            "same versions"
        )
    return clean(task)


class Accepted(NamedTuple):
    """An accepted molecule."""

    smiles: str
    """Canonical SMILES, after cleaning."""
    selfies: Selfies
    changes: tuple[Change, ...]
    """Changes that cleaning made."""


def clean_text(text: str, rules: CleaningRules) -> Accepted:
    """The molecule that a text describes, cleaned under the rules.

    Raises:
        MoleculeError: refused; its reason is a `Refusal`.
    """
    molecule = standardize(text, rules.standardize)
    selfies = to_selfies(molecule)
    if len(selfies) > rules.max_symbols:
        raise MoleculeError(Refusal.TOO_MANY_SYMBOLS, f"{len(selfies)} > {rules.max_symbols}")
    return Accepted(molecule.smiles, selfies, molecule.changes)


def _pack(accepted: Mapping[int, Accepted], refused: list[tuple[int, str, str]]) -> Cleaned:
    molecules = list(accepted.values())
    codes: dict[str, int] = {}
    flat = [
        codes.setdefault(symbol, len(codes))
        for molecule in molecules
        for symbol in molecule.selfies
    ]
    return Cleaned(
        accepted=np.array(list(accepted), dtype=np.int64),
        identities=[
            hashlib.blake2b(molecule.smiles.encode(), digest_size=IDENTITY_BYTES).digest()
            for molecule in molecules
        ],
        symbols=list(codes),
        codes=np.array(flat, dtype=np.uint16),
        lengths=np.array([len(molecule.selfies) for molecule in molecules], dtype=np.int32),
        changed=[
            (number, change.value)
            for number, molecule in enumerate(molecules)
            for change in molecule.changes
        ],
        refused=refused,
    )
