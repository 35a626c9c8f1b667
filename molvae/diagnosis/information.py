"""Mutual information of molecules and their latent vectors."""

from dataclasses import dataclass
from math import log, pi

import numpy as np

from molvae.diagnosis.posteriors import Posteriors

_ROWS = 256


@dataclass(frozen=True)
class Information:
    """Mutual information of molecules and latent vectors, in nats per molecule."""

    kl: float
    """Mean KL divergence of the posteriors to N(0, I), an upper bound."""
    mutual_information: float
    """Estimate from these molecules, at most `bound`.

    The true value lies between it and `kl`: the estimate is a lower bound on average (Poole et al.
    2019, section 2.3), and no KL to any fixed p(z) is below the mutual information.
    """
    bound: float
    """Log of the number of molecules, which no estimate from them can exceed."""
    marginal_kl: float
    """KL divergence of the mixture of the posteriors to N(0, I): the rest of the mean KL."""


def measure_information(
    posteriors: Posteriors, kl: float, generator: np.random.Generator
) -> Information:
    """Estimate the mutual information.

    Args:
        posteriors: posteriors of the molecules.
        kl: their mean KL divergence to N(0, I), in nats.
        generator: source of a sample of each posterior.
    """
    information = mutual_information(posteriors, generator)
    return Information(kl, information, log(len(posteriors)), kl - information)


def mutual_information(posteriors: Posteriors, generator: np.random.Generator) -> float:
    """E KL(q(z|x) || p(z)) - KL(q(z) || p(z)) in nats, at most the log of the number of molecules.

    q(z) is the mixture of these posteriors (Hoffman & Johnson 2016). p(z) cancels, so the mean of
    log q(z|x) - log q(z) over one sample of each posterior has less noise than the difference. The
    estimate may fall below 0 by that noise.
    """
    z = posteriors.sample(generator).astype(np.float64)
    mean = posteriors.mean.astype(np.float64)
    precision = posteriors.deviation.astype(np.float64) ** -2
    constants = (mean**2 * precision - np.log(precision) + log(2 * pi)).sum(axis=1)
    gains = []
    for begin in range(0, len(z), _ROWS):
        rows = z[begin : begin + _ROWS]
        squares = rows**2 @ precision.T - 2.0 * rows @ (mean * precision).T
        # Log of each posterior's density at each latent vector.
        densities = -0.5 * (squares + constants)
        # Log of the mean density, without overflow.
        largest = densities.max(axis=1)
        log_mean = largest + np.log(np.exp(densities - largest[:, None]).mean(axis=1))
        gains.append(np.diagonal(densities, offset=begin) - log_mean)
    return float(np.concatenate(gains).mean())
