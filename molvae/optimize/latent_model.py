"""LatentModel: what a search needs of a model, whatever its networks are."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from molvae.chem.molecule import Molecule
from molvae.model_card import weights_digest
from molvae.molecule_vae import MoleculeVAE

_PROBES = 16


@runtime_checkable
class LatentModel(Protocol):
    """A latent space of molecules: `MoleculeVAE`, or anything that decodes points."""

    @property
    def latent_size(self) -> int:
        """Dimensions of a point."""
        ...

    def decode(self, latents: Float32[np.ndarray, "point latent"]) -> Sequence[Molecule | None]:
        """The molecule at each point, None where there is none; equal points, equal molecules."""
        ...

    def encode(self, molecules: Sequence[Molecule]) -> Float32[np.ndarray, "point latent"]:
        """The point at which each molecule lies."""
        ...

    def neighbors(
        self, molecules: Sequence[Molecule], scale: float, generator: np.random.Generator
    ) -> Float[np.ndarray, "point latent"]:
        """A point near the code of each molecule, `scale` deviations of its posterior away."""
        ...

    def prior_latents(
        self, n: int, generator: np.random.Generator
    ) -> Float[np.ndarray, "point latent"]:
        """Points drawn from where the model expects molecules to lie."""
        ...


def model_digest(model: LatentModel) -> str:
    """A text that differs between models.

    It tells of the weights, those of the prior too; of a model of another kind, which shows none,
    of what it makes of a few fixed points.
    """
    if isinstance(model, MoleculeVAE):
        return weights_digest(model.vocabulary, model.network)
    # Not the prior's: what that makes up depends on the processor.
    latents = np.random.default_rng(0).standard_normal((_PROBES, model.latent_size), np.float32)
    decoded = [molecule.smiles if molecule else "" for molecule in model.decode(latents)]
    return sha256("\n".join([str(model.latent_size), *decoded]).encode()).hexdigest()[:16]
