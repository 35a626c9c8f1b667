"""Whether molecules' codes and points of the prior are of one kind, by their log-density."""

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
    """Of a set of points under the model's prior, in nats; of a learned prior a lower bound."""

    mean: float
    quantiles: Mapping[float, float]

    @classmethod
    def of(cls, values: Num[np.ndarray, " point"]) -> "LogDensities":
        """Mean and quantiles."""
        found = np.quantile(values.astype(np.float64), _QUANTILES).tolist()
        return cls(float(values.mean(dtype=np.float64)), dict(zip(_QUANTILES, found, strict=True)))


@dataclass(frozen=True)
class PriorMatch:
    """Points by where they come from: `means` and `draws` of posteriors, `prior`, `normal`."""

    prior: PriorName
    """The model's own prior, whose density it is."""
    codes: str
    """Which of the molecules' points the prior speaks of: a learned one of means, else of draws."""
    log_density: Mapping[str, LogDensities]
    auc_prior: float
    """Chance that a molecule's code is denser than a draw of the model's prior; 0.5: alike."""
    auc_normal: float
    """The same against a draw of N(0, I)."""


def measure_prior(
    model: MoleculeVAE,
    posteriors: Posteriors,
    generator: np.random.Generator,
    *,
    progress: bool = False,
) -> PriorMatch:
    """The figures, on as many points of each kind as there are molecules."""
    n = len(posteriors)
    latents = {
        "means": posteriors.mean,
        "draws": posteriors.sample(generator),
        "prior": model.prior_latents(n, generator),
        "normal": generator.standard_normal((n, model.latent_size), np.float32),
    }
    with tqdm(total=n * len(latents), desc="prior", disable=not progress) as bar:
        values = {name: _log_density(model, part, bar) for name, part in latents.items()}
    is_learned = model.network.has_prior
    codes = "means" if is_learned else "draws"
    return PriorMatch(
        prior="learned" if is_learned else "normal",
        codes=codes,
        log_density={name: LogDensities.of(part) for name, part in values.items()},
        auc_prior=auc(values[codes], values["prior"]),
        auc_normal=auc(values[codes], values["normal"]),
    )


def _log_density(
    model: MoleculeVAE, latents: Float32[np.ndarray, "point latent"], bar: tqdm
) -> Float32[np.ndarray, " point"]:
    parts = []
    for begin in range(0, len(latents), _ROWS):
        parts.append(model.log_density(latents[begin : begin + _ROWS]))
        bar.update(len(parts[-1]))
    return np.concatenate(parts)
