"""Reading of sampled SELFIES: the molecule, and whether the SELFIES is unrepaired and canonical."""

from collections.abc import Sequence
from dataclasses import dataclass

from molvae.chem.notation import Selfies, from_selfies, is_canonical, repair
from molvae.errors import MoleculeError


@dataclass(frozen=True, slots=True)
class JudgedSelfies:
    """A sampled SELFIES and what it stands for."""

    selfies: Selfies
    smiles: str | None
    """Canonical SMILES; None if there is no molecule."""
    is_unrepaired: bool
    """Whether every symbol decodes as written."""
    is_canonical: bool
    """Whether it is the SELFIES that `to_selfies` gives for the molecule."""


def judge_selfies(selfies_rows: Sequence[Selfies]) -> list[JudgedSelfies]:
    """Read each SELFIES; runs in worker processes."""
    return [_judge(selfies) for selfies in selfies_rows]


def _judge(selfies: Selfies) -> JudgedSelfies:
    try:
        molecule = from_selfies(selfies)
    except MoleculeError:
        return JudgedSelfies(selfies, None, is_unrepaired=False, is_canonical=False)
    return JudgedSelfies(
        selfies, molecule.smiles, repair(selfies) is None, is_canonical(selfies, molecule)
    )
