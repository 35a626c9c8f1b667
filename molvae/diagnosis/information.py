"""What z tells of the molecule: KL per dimension, active units, mutual information."""

from dataclasses import dataclass
from math import log, pi

import numpy as np
from jaxtyping import Float32, Float64

from molvae.diagnosis.posteriors import Posteriors
from molvae.model.loss import ACTIVE_VARIANCE

_ROWS = 256


@dataclass(frozen=True)
class Information:
    """Nats per molecule."""

    kl: float
    """Mean KL of the posteriors to N(0, I)."""
    kl_per_dimension: tuple[float, ...]
    active_units: int
    """Dimensions whose posterior mean varies by more than 0.01 over the molecules."""
    mutual_information: float
    """Of molecule and z, as far as these molecules can tell: at most `bound`.

    The true value lies between it and `kl`: the estimate is a lower bound on average (Poole et al.
    2019, section 2.3), and no KL to any fixed p(z) is below the mutual information.
    """
    bound: float
    """Log of the number of molecules, which no estimate from them can exceed."""
    marginal_kl: float
    """KL of the mixture of the posteriors to N(0, I): what of the mean KL is not information."""

    @property
    def latent_size(self) -> int:
        return len(self.kl_per_dimension)


def measure_information(posteriors: Posteriors, generator: np.random.Generator) -> Information:
    """The figures; the generator draws one point of each posterior."""
    kl = kl_per_dimension(posteriors)
    information = mutual_information(posteriors, generator)
    return Information(
        kl=float(kl.sum()),
        kl_per_dimension=tuple(kl.tolist()),
        active_units=active_units(posteriors.mean),
        mutual_information=information,
        bound=log(len(posteriors)),
        marginal_kl=float(kl.sum()) - information,
    )


def kl_per_dimension(posteriors: Posteriors) -> Float64[np.ndarray, " latent"]:
    """Mean over the molecules of each dimension's KL to the standard normal, in nats."""
    mean, deviation = posteriors.mean.astype(np.float64), posteriors.deviation.astype(np.float64)
    kl = 0.5 * (mean**2 + deviation**2 - 1.0) - np.log(deviation)
    averaged: np.ndarray = kl.mean(axis=0)
    return averaged


def active_units(mean: Float32[np.ndarray, "molecule latent"]) -> int:
    """Dimensions whose posterior mean varies over the molecules."""
    return int((mean.astype(np.float64).var(axis=0) > ACTIVE_VARIANCE).sum())


def mutual_information(posteriors: Posteriors, generator: np.random.Generator) -> float:
    """E KL(q(z|x) || p(z)) - KL(q(z) || p(z)) in nats, between 0 and log of the molecules' number.

    q(z) is the mixture of these posteriors (Hoffman & Johnson 2016). p(z) cancels, so the mean of
    log q(z|x) - log q(z) over one draw of each posterior has less noise than the difference. The
    estimate may fall below 0 by that noise.
    """
    z = posteriors.sample(generator).astype(np.float64)
    gains = [
        np.diagonal(densities, offset=begin) - _log_mean_exp(densities)
        for begin in range(0, len(z), _ROWS)
        for densities in [_log_densities(z[begin : begin + _ROWS], posteriors)]
    ]
    return float(np.concatenate(gains).mean())


def _log_densities(
    z: Float64[np.ndarray, "point latent"], posteriors: Posteriors
) -> Float64[np.ndarray, "point molecule"]:
    """Log of each posterior's density at each point."""
    mean = posteriors.mean.astype(np.float64)
    precision = posteriors.deviation.astype(np.float64) ** -2
    squares = z**2 @ precision.T - 2.0 * z @ (mean * precision).T
    constants = (mean**2 * precision - np.log(precision) + log(2 * pi)).sum(axis=1)
    densities: np.ndarray = -0.5 * (squares + constants)
    return densities


def _log_mean_exp(
    densities: Float64[np.ndarray, "point molecule"],
) -> Float64[np.ndarray, " point"]:
    largest = densities.max(axis=1)
    means = np.exp(densities - largest[:, None]).mean(axis=1)
    found: np.ndarray = largest + np.log(means)
    return found
