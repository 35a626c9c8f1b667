"""A control that anyone can beat honestly: training molecules with one carbon more."""

from collections.abc import Container, Iterator, Sequence

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.errors import DataError, MoleculeError

_DRAWS_PER_MOLECULE = 20


def add_carbon(
    training: Sequence[str], known: Container[str], count: int, generator: np.random.Generator
) -> list[str]:
    """Canonical SMILES of training molecules with a carbon put in at a random place.

    Each is valid and not known; they may repeat. The AddCarbon model of Renz et al. 2019, which
    scores high on validity, uniqueness and novelty without having learned anything.

    Raises:
        DataError: such molecules cannot be made of these.
    """
    made: list[str] = []
    # A text that could not be read stands as an empty one.
    molecules = [smiles for smiles in training if smiles]
    for _ in range(_DRAWS_PER_MOLECULE * count if molecules else 0):
        if len(made) == count:
            break
        smiles = molecules[int(generator.integers(len(molecules)))]
        longer = next(_novel_with_carbon(smiles, known, generator), None)
        made += [] if longer is None else [longer]
    if len(made) < count:
        raise DataError(f"only {len(made)} of {count} molecules of the control could be made")
    return made


def _novel_with_carbon(
    smiles: str, known: Container[str], generator: np.random.Generator
) -> Iterator[str]:
    for place in generator.permutation(len(smiles) + 1):
        try:
            molecule = Molecule.parse(f"{smiles[:place]}C{smiles[place:]}")
        except MoleculeError:
            continue
        if molecule.smiles not in known:
            yield molecule.smiles
