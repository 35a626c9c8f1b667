"""MoleculeCollection: the distinct new molecules of a stream of samples, and counts of the rest."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from molvae.chem.notation import Selfies
from molvae.chem.refusal import Refusal
from molvae.sampling import Sample
from molvae.vocabulary import Vocabulary

_KNOWN = "known already"


@dataclass(frozen=True, slots=True)
class GeneratedMolecule:
    """A molecule that passed the filters."""

    smiles: str
    """Canonical SMILES."""
    selfies: Selfies
    """Canonical SELFIES, whatever spelling was sampled."""
    is_unrepaired: bool
    """Whether every symbol of the sample decodes as written."""
    values: dict[str, float]
    """The properties asked for, those with a target included. A property that has a target and
    cannot be computed is `predicted_` and its name, if the model predicts it."""

    @classmethod
    def of(cls, sample: Sample) -> "GeneratedMolecule | None":
        """The molecule of an accepted sample; None if the sample is refused."""
        judged = sample.judged
        if judged is None or judged.smiles is None or judged.canonical is None:
            return None
        if sample.refusal is not None:
            return None
        return cls(judged.smiles, judged.canonical, judged.is_unrepaired, judged.values)


class MoleculeCollection:
    """Distinct new molecules in the order they were sampled, and counts of refused samples."""

    def __init__(self, n: int, known: Collection[str], vocabulary: Vocabulary) -> None:
        self.n = n
        self.known = known
        self.vocabulary = vocabulary
        self.molecules: list[GeneratedMolecule] = []
        self.latents: list[Float32[np.ndarray, " latent"] | None] = []
        self.refused: dict[str, int] = {}
        self.drawn = 0
        """Number of samples."""
        self.moved = 0
        """Number of the samples that were made from earlier ones."""
        self._smiles: set[str] = set()

    @property
    def is_complete(self) -> bool:
        return len(self.molecules) == self.n

    def add(self, sample: Sample) -> int:
        """Take the molecule of a sample if it is accepted and new; the number taken."""
        self.drawn += 1
        self.moved += sample.is_moved
        molecule = GeneratedMolecule.of(sample)
        if molecule is None:
            reason = sample.refusal
        elif molecule.smiles in self._smiles:
            reason = Refusal.DUPLICATE
        elif molecule.smiles in self.known:
            reason = _KNOWN
        elif not self.vocabulary.knows(molecule.selfies):
            reason = Refusal.UNKNOWN_SYMBOL
        else:
            self._smiles.add(molecule.smiles)
            self.molecules.append(molecule)
            self.latents.append(sample.z)
            return 1
        self.refused[str(reason)] = self.refused.get(str(reason), 0) + 1
        return 0
