"""LatentModel: the interface of a model that can be searched."""

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
    """A latent space of molecules: `MoleculeVAE`, or anything that decodes latent vectors."""

    @property
    def latent_size(self) -> int:
        """Dimensions of a latent vector."""
        ...

    def decode(
        self, latents: Float32[np.ndarray, "latent_vector latent"]
    ) -> Sequence[Molecule | None]:
        """Molecule of each latent vector, None if there is none; equal input gives equal output."""
        ...

    def neighbors(
        self, molecules: Sequence[Molecule], scale: float, generator: np.random.Generator
    ) -> Float[np.ndarray, "latent_vector latent"]:
        """A latent vector near each molecule's code, at `scale` posterior standard deviations.

        A scale of 0 gives the code itself.

        Raises:
            MoleculeError: the model cannot encode a molecule.
        """
        ...

    def prior_latents(
        self, n: int, generator: np.random.Generator
    ) -> Float[np.ndarray, "latent_vector latent"]:
        """Latent vectors drawn from where the model expects molecules."""
        ...


def model_digest(model: LatentModel) -> str:
    """Digest of a model: of its weights, or of what it decodes where it has none to show."""
    if isinstance(model, MoleculeVAE):
        return weights_digest(model.vocabulary, model.network)
    # Not samples of its prior, which depend on the processor.
    latents = np.random.default_rng(0).standard_normal((_PROBES, model.latent_size), np.float32)
    decoded = [molecule.smiles if molecule else "" for molecule in model.decode(latents)]
    return sha256("\n".join([str(model.latent_size), *decoded]).encode()).hexdigest()[:16]
