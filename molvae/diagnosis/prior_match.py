"""Match of molecules' latent vectors and samples of the prior, by log-density."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Num
from tqdm import tqdm

from molvae.diagnosis.figures import auc
from molvae.diagnosis.posteriors import Posteriors
from molvae.model.decoding_config import PriorName
from molvae.molecule_vae import MoleculeVAE

_ROWS = 256
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class LogDensities:
    """Log-densities of latent vectors under the model's prior, in nats.

    Lower bounds for a learned prior.
    """

    mean: float
    quantiles: Mapping[float, float]

    @classmethod
    def summarize(cls, values: Num[np.ndarray, " point"]) -> "LogDensities":
        """Mean and quantiles of the values."""
        quantiles = np.quantile(values.astype(np.float64), _QUANTILES).tolist()
        return cls(
            float(values.mean(dtype=np.float64)), dict(zip(_QUANTILES, quantiles, strict=True))
        )


@dataclass(frozen=True)
class PriorMatch:
    """Log-densities by source: `means` and `draws` of posteriors, `prior`, `normal`."""

    prior: PriorName
    """The model's own prior, under which the densities are taken."""
    compared: str
    """Source that is compared with the prior: `means` for a learned prior, else `draws`."""
    log_density: Mapping[str, LogDensities]
    auc_prior: float
    """Probability that a molecule's latent vector is denser than a sample of the prior; 0.5 if both
    are alike."""
    auc_normal: float
    """Probability that a molecule's latent vector is denser than a sample of N(0, I)."""


def measure_prior(
    model: MoleculeVAE,
    posteriors: Posteriors,
    generator: np.random.Generator,
    *,
    progress: bool = False,
) -> PriorMatch:
    """Compare as many latent vectors of each source as there are molecules."""
    n = len(posteriors)
    latents = {
        "means": posteriors.mean,
        "draws": posteriors.sample(generator),
        "prior": model.prior_latents(n, generator),
        "normal": generator.standard_normal((n, model.latent_size), np.float32),
    }
    with tqdm(total=n * len(latents), desc="prior", disable=not progress) as bar:
        values: dict[str, Float32[np.ndarray, " point"]] = {}
        for name, rows in latents.items():
            batches = []
            for begin in range(0, n, _ROWS):
                batches.append(model.log_density(rows[begin : begin + _ROWS]))
                bar.update(len(batches[-1]))
            values[name] = np.concatenate(batches)
    is_learned = model.network.has_prior
    compared = "means" if is_learned else "draws"
    return PriorMatch(
        prior="learned" if is_learned else "normal",
        compared=compared,
        log_density={name: LogDensities.summarize(rows) for name, rows in values.items()},
        auc_prior=auc(values[compared], values["prior"]),
        auc_normal=auc(values[compared], values["normal"]),
    )
