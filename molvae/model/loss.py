"""Elbo: reconstruction and KL, both in nats per molecule, so that beta = 1 is the true bound."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

ACTIVE_VARIANCE = 0.01
"""Variance of the posterior mean over molecules above which a dimension is active (Burda et al.
2016)."""


@dataclass(frozen=True)
class Elbo:
    """The two terms of the negative evidence lower bound, for each molecule."""

    reconstruction: Float[Tensor, " molecule"]
    """-log p(tokens | z), summed over the tokens and END."""
    kl: Float[Tensor, " molecule"]
    """KL of the posterior to the prior, summed over the dimensions."""


def training_loss(
    reconstruction: Float[Tensor, " molecule"],
    kl: Float[Tensor, "molecule latent"],
    beta: float,
    counted: Bool[Tensor, " latent"],
) -> Float[Tensor, ""]:
    """Sum over the molecules of reconstruction + beta x KL of the counted dimensions."""
    return reconstruction.sum() + beta * (kl.sum(0) * counted).sum()


def kl_mask(mean_kl: Float[Tensor, " latent"], free_bits: float) -> Bool[Tensor, " latent"]:
    """Dimensions whose mean KL is at least `free_bits` nats; only they are pulled to the prior.

    The gradient is that of max(free_bits, mean KL), Kingma et al. 2016, eq. 15.
    """
    return mean_kl >= free_bits


def property_errors(
    predicted: Float[Tensor, "molecule property"], wanted: Float[Tensor, "molecule property"]
) -> Float[Tensor, "molecule property"]:
    """Squared errors; 0 where the wanted value is missing (NaN)."""
    is_known = ~torch.isnan(wanted)
    return torch.where(is_known, predicted - torch.nan_to_num(wanted), 0.0).square()
