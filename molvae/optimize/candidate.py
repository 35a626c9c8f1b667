"""Candidate: a molecule that a method of search proposes."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int64

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies


@dataclass(frozen=True, eq=False)
class Candidate:
    """A molecule proposed for scoring.

    Example:
        >>> Candidate("CCO").molecule.heavy_atoms
        3
    """

    smiles: str | None
    """Canonical SMILES; None if a latent vector decoded to no molecule."""
    z: Float[np.ndarray, " latent"] | None = None
    """Latent vector that it was decoded from; None if it was made otherwise."""
    source: str = "latents"
    """Name that the method has for the way the candidate was made."""
    parent: str | None = None
    """SMILES of the molecule that it was made from."""
    features: Int64[np.ndarray, " feature"] | None = None
    """Counted ECFP6 features (see `counted_features`), where the method needs them."""
    selfies: Selfies | None = None
    """SELFIES from which the molecule was read; None if it was made otherwise."""
    decoded: Molecule | None = field(default=None, repr=False)
    """The molecule, where it has been read already."""

    @classmethod
    def of(
        cls,
        molecule: Molecule | None,
        z: Float[np.ndarray, " latent"] | None = None,
        source: str = "latents",
    ) -> "Candidate":
        """Candidate of a molecule that has been read already; None: nothing could be decoded."""
        return cls(molecule.smiles if molecule else None, z, source, decoded=molecule)

    @cached_property
    def molecule(self) -> Molecule | None:
        """The molecule, read from SMILES at first use."""
        if self.decoded is not None or self.smiles is None:
            return self.decoded
        return Molecule.parse(self.smiles)

    def without_molecule(self) -> "Candidate":
        """A copy with nothing to score, for a molecule that is rejected."""
        return replace(self, smiles=None, decoded=None)
