"""The posteriors of a set of molecules, and what the decoder writes at points of their space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Spelling, read_spelling
from molvae.chem.similarity import Fingerprint, FingerprintKind, fingerprint
from molvae.errors import MoleculeError
from molvae.model.decoding import DecodingConfig
from molvae.molecule_vae import MoleculeVAE

_REMEMBERED = 50_000


@dataclass(frozen=True)
class Posteriors:
    """q(z | molecule) of each molecule: a normal distribution with a diagonal covariance."""

    mean: Float32[np.ndarray, "molecule latent"]
    deviation: Float32[np.ndarray, "molecule latent"]

    @classmethod
    def of(cls, model: MoleculeVAE, spellings: Sequence[Spelling]) -> "Posteriors":
        """Those that the model's encoder gives."""
        return cls(*model.posterior(spellings))

    def __len__(self) -> int:
        return len(self.mean)

    def sample(self, generator: np.random.Generator) -> Float32[np.ndarray, "molecule latent"]:
        """A draw of each."""
        return self.mean + self.deviation * generator.standard_normal(self.mean.shape, np.float32)

    def first(self, n: int) -> "Posteriors":
        """Those of the first `n` molecules."""
        return Posteriors(self.mean[:n], self.deviation[:n])


def length_limit(spellings: Sequence[Spelling]) -> int:
    """Symbols beyond which a spelling is taken for that of another molecule than any of these."""
    return int(1.5 * max(map(len, spellings))) + 1


def decoded_smiles(
    model: MoleculeVAE,
    points: Float[np.ndarray, "point latent"],
    config: DecodingConfig,
    seed: int = 0,
) -> list[str | None]:
    """Canonical SMILES of what is written at each point; None where it is no molecule."""
    return [smiles_of(spelling) for spelling in model.decode_symbols(points, config, seed)]


@lru_cache(maxsize=_REMEMBERED)
def smiles_of(spelling: Spelling) -> str | None:
    """Canonical SMILES of what the symbols spell; None where it is no molecule."""
    try:
        return read_spelling(spelling).smiles
    except MoleculeError:
        return None


@lru_cache(maxsize=_REMEMBERED)
def ecfp4_of(smiles: str) -> Fingerprint:
    """Counted ECFP4 features of a canonical SMILES."""
    return fingerprint(Molecule.parse(smiles), FingerprintKind.ECFP4)
