"""Drafts: molecules made up by a search, cleaned, with the features that a surrogate compares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, selfies_to_smiles
from molvae.chem.operators.mutation import mutate
from molvae.chem.operators.recombination import crossover
from molvae.chem.refusal import Refusal
from molvae.chem.similarity import FingerprintKind, fingerprint
from molvae.chem.standardize import standardize, standardize_molecule
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

_MOST_COUNTED = 63
"""Occurrences of a feature beyond which further ones are not told apart."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A molecule, as plain data that travels between processes."""

    smiles: str
    """Canonical, after cleaning."""
    features: Int64[np.ndarray, " feature"]
    """See `counted_features`."""


def counted(molecule: Molecule) -> Draft:
    """The draft of a molecule that is clean already."""
    return Draft(molecule.smiles, counted_features(molecule))


def counted_features(molecule: Molecule) -> Int64[np.ndarray, " feature"]:
    """ECFP6 features, sorted; one that occurs c times stands there as c different numbers.

    So the number of shared ones is the sum of the smaller counts, and Tanimoto on these sets is
    min-max Tanimoto on the counts (a "thermometer" of each count).
    """
    counts = fingerprint(molecule, FingerprintKind.ECFP6).counts
    numbers = [
        feature * (_MOST_COUNTED + 1) + place
        for feature, count in counts.items()
        for place in range(min(count, _MOST_COUNTED))
    ]
    return np.sort(np.array(numbers, dtype=np.int64))


Drafting = Callable[[], list[Draft | None]]
"""Work on one portion of candidates, that can be sent to another process."""


def drafted(work: Drafting) -> list[Draft | None]:
    """The drafts that come of the work."""
    return work()


def draft_smiles(smiles: Sequence[str], cleaning: StandardizeConfig) -> list[Draft | None]:
    """The draft of each text; None where it is refused."""
    return [_draft(text, cleaning) for text in smiles]


def draft_spellings(
    selfies_rows: Sequence[Selfies], cleaning: StandardizeConfig
) -> list[Draft | None]:
    """The draft of what each spelling spells; None where that is refused."""
    return [_spelled_draft(selfies, cleaning) for selfies in selfies_rows]


def draft_children(
    parents: Sequence[tuple[str, str]], seed: int, cleaning: StandardizeConfig
) -> list[Draft | None]:
    """A child of each pair of molecules: of both, or the first one changed where both are one."""
    children = (
        _child(*pair, np.random.default_rng([seed, place])) for place, pair in enumerate(parents)
    )
    return [_draft_of_child(child, cleaning) if child else None for child in children]


def _child(first: str, second: str, generator: np.random.Generator) -> Molecule | None:
    molecule = _parent(first)
    if first == second:
        return mutate(molecule, generator)
    return crossover(molecule, _parent(second), generator)


def _draft_of_child(child: Molecule, cleaning: StandardizeConfig) -> Draft | None:
    try:
        return counted(standardize_molecule(child, cleaning))
    except MoleculeError:
        return None


@lru_cache(maxsize=1024)
def _parent(smiles: str) -> Molecule:
    """The few best have most of the children."""
    return Molecule.parse(smiles)


@lru_cache(maxsize=8192)
def _spelled_draft(selfies: Selfies, cleaning: StandardizeConfig) -> Draft | None:
    """Round a good code the same is written again and again."""
    return _draft(_smiles(selfies), cleaning)


def draft_or_error(text: str, cleaning: StandardizeConfig) -> Draft:
    """The draft of a text.

    Raises:
        MoleculeError: it is refused.
    """
    # A molecule in pieces is no candidate: the piece that cleaning would keep is another molecule.
    if "." in text:
        raise MoleculeError(Refusal.MIXTURE, "give the one that is meant")
    return counted(standardize(text, cleaning))


def _draft(text: str, cleaning: StandardizeConfig) -> Draft | None:
    try:
        return draft_or_error(text, cleaning) if text else None
    except MoleculeError:
        return None


def _smiles(selfies: Selfies) -> str:
    try:
        return selfies_to_smiles(selfies)
    except MoleculeError:
        return ""
