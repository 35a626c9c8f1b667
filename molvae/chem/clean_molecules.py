"""Cleaning of candidate molecules in worker processes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, selfies_to_smiles
from molvae.chem.operators.mutation import mutate
from molvae.chem.operators.recombination import crossover
from molvae.chem.refusal import Refusal, none_if_refused
from molvae.chem.similarity import FingerprintKind, fingerprint
from molvae.chem.standardize import standardize, standardize_molecule
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

_MAX_COUNT = 63
"""Maximum count of a feature; further occurrences are ignored."""


@dataclass(frozen=True, slots=True)
class CleanMolecule:
    """A cleaned molecule and its features as plain data that can be sent between processes."""

    smiles: str
    """Canonical SMILES after cleaning."""
    features: Int64[np.ndarray, " feature"]
    """Counted ECFP6 features (see `counted_features`)."""


Job = Callable[[], list[CleanMolecule | None]]
"""Work on one batch of candidates that can be sent to another process."""


def run_job(job: Job) -> list[CleanMolecule | None]:
    """Run a job; a module-level function, so that worker processes can import it."""
    return job()


def with_features(molecule: Molecule) -> CleanMolecule:
    """A molecule that is already clean, with its features."""
    return CleanMolecule(molecule.smiles, counted_features(molecule))


def counted_features(molecule: Molecule) -> Int64[np.ndarray, " feature"]:
    """Sorted ECFP6 features, with c distinct numbers for a feature that occurs c times.

    The number of shared entries is then the sum of the smaller counts, so Tanimoto similarity of
    these sets is min-max Tanimoto similarity of the counts (thermometer encoding).
    """
    counts = fingerprint(molecule, FingerprintKind.ECFP6).counts
    numbers = [
        feature * (_MAX_COUNT + 1) + occurrence
        for feature, count in counts.items()
        for occurrence in range(min(count, _MAX_COUNT))
    ]
    return np.sort(np.array(numbers, dtype=np.int64))


def clean_smiles(smiles: Sequence[str], cleaning: StandardizeConfig) -> list[CleanMolecule | None]:
    """Cleaned molecule of each SMILES; None where it is refused."""
    return [none_if_refused(clean_or_raise, text, cleaning) if text else None for text in smiles]


def clean_selfies(
    selfies_rows: Sequence[Selfies], cleaning: StandardizeConfig
) -> list[CleanMolecule | None]:
    """Cleaned molecule of each SELFIES; None where it is refused."""
    return [_clean_selfies(selfies, cleaning) for selfies in selfies_rows]


def clean_children(
    parents: Sequence[tuple[str, str]], seed: int, cleaning: StandardizeConfig
) -> list[CleanMolecule | None]:
    """Child of each pair of SMILES: a crossover, or a mutation if both are equal."""
    cleaned: list[CleanMolecule | None] = []
    for row, (first, second) in enumerate(parents):
        generator = np.random.default_rng([seed, row])
        if first == second:
            child = mutate(_parent(first), generator)
        else:
            child = crossover(_parent(first), _parent(second), generator)
        child = child and none_if_refused(standardize_molecule, child, cleaning)
        cleaned.append(with_features(child) if child else None)
    return cleaned


def clean_or_raise(text: str, cleaning: StandardizeConfig) -> CleanMolecule:
    """Cleaned molecule of a SMILES.

    Raises:
        MoleculeError: the molecule is refused.
    """
    # Cleaning would keep one fragment, which is not the proposed molecule.
    if "." in text:
        raise MoleculeError(Refusal.MIXTURE, "give a single molecule")
    return with_features(standardize(text, cleaning))


# Cached: most children descend from a few parents.
@lru_cache(maxsize=1024)
def _parent(smiles: str) -> Molecule:
    return Molecule.parse(smiles)


# Cached: the decoder often returns the same SELFIES for nearby latent vectors.
@lru_cache(maxsize=8192)
def _clean_selfies(selfies: Selfies, cleaning: StandardizeConfig) -> CleanMolecule | None:
    text = none_if_refused(selfies_to_smiles, selfies)
    return none_if_refused(clean_or_raise, text, cleaning) if text else None
