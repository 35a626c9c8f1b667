"""Posteriors of a set of molecules, and decoding to SMILES."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, from_selfies
from molvae.chem.refusal import none_if_refused
from molvae.chem.similarity import Fingerprint, FingerprintKind, fingerprint
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE

_REMEMBERED = 50_000


@dataclass(frozen=True)
class Posteriors:
    """q(z | molecule) of each molecule: a normal distribution with a diagonal covariance."""

    mean: Float32[np.ndarray, "molecule latent"]
    deviation: Float32[np.ndarray, "molecule latent"]

    @classmethod
    def encode(cls, model: MoleculeVAE, selfies_rows: Sequence[Selfies]) -> "Posteriors":
        """The posteriors that the model's encoder gives."""
        return cls(*model.posterior(selfies_rows))

    def __len__(self) -> int:
        return len(self.mean)

    def sample(self, generator: np.random.Generator) -> Float32[np.ndarray, "molecule latent"]:
        """A sample of each posterior."""
        return self.mean + self.deviation * generator.standard_normal(self.mean.shape, np.float32)

    def first(self, n: int) -> "Posteriors":
        """The posteriors of the first `n` molecules."""
        return Posteriors(self.mean[:n], self.deviation[:n])


def length_limit(selfies_rows: Sequence[Selfies]) -> int:
    """Number of symbols beyond which a SELFIES cannot be that of any of these molecules."""
    return int(1.5 * max(map(len, selfies_rows))) + 1


def decode_smiles(
    model: MoleculeVAE,
    latents: Float[np.ndarray, "point latent"],
    config: DecodingConfig,
    seed: int = 0,
) -> list[str | None]:
    """Canonical SMILES that each latent vector decodes to; None if it is no molecule."""
    return [smiles_of(selfies) for selfies in model.decode_symbols(latents, config, seed)]


@lru_cache(maxsize=_REMEMBERED)
def smiles_of(selfies: Selfies) -> str | None:
    """Canonical SMILES of a SELFIES; None if it is no molecule."""
    molecule = none_if_refused(from_selfies, selfies)
    return None if molecule is None else molecule.smiles


@lru_cache(maxsize=_REMEMBERED)
def ecfp4_of(smiles: str) -> Fingerprint:
    """Counted ECFP4 features of a canonical SMILES."""
    return fingerprint(Molecule.parse(smiles), FingerprintKind.ECFP4)
