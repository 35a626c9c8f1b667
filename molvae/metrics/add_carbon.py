"""AddCarbon: a control whose molecules are training molecules with a carbon more."""

from collections.abc import Container, Sequence

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.refusal import none_if_refused
from molvae.errors import DataError

_DRAWS_PER_MOLECULE = 20


def add_carbon(
    training: Sequence[str], known: Container[str], count: int, generator: np.random.Generator
) -> list[str]:
    """Canonical SMILES of training molecules with a carbon inserted at random.

    They are valid and not known; they may repeat. This is the AddCarbon model of Renz et al. 2019,
    which scores high on validity, uniqueness and novelty without having learned anything.

    Raises:
        DataError: too few molecules could be made.
    """
    made: list[str] = []
    # Rows that could not be read are empty.
    molecules = [smiles for smiles in training if smiles]
    for _ in range(_DRAWS_PER_MOLECULE * count if molecules else 0):
        if len(made) == count:
            break
        smiles = molecules[int(generator.integers(len(molecules)))]
        for position in generator.permutation(len(smiles) + 1):
            longer = f"{smiles[:position]}C{smiles[position:]}"
            molecule = none_if_refused(Molecule.parse, longer)
            if molecule is not None and molecule.smiles not in known:
                made.append(molecule.smiles)
                break
    if len(made) < count:
        raise DataError(f"only {len(made)} of {count} molecules of the control could be made")
    return made
