"""Latent vectors: the posterior of molecules, noise, and arrays as tensors."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from molvae.errors import ModelError


@dataclass(frozen=True)
class Posterior:
    """q(z | molecule): a normal distribution with a diagonal covariance for each molecule."""

    mean: Float[Tensor, "molecule latent"]
    log_variance: Float[Tensor, "molecule latent"]

    def sample(self, noise: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule latent"]:
        """Reparameterized sample: mean + standard deviation x noise (Kingma & Welling 2014)."""
        return self.mean + torch.exp(0.5 * self.log_variance) * noise

    def kl(self) -> Float[Tensor, "molecule latent"]:
        """KL divergence to the standard normal, in nats for each dimension."""
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1.0 - self.log_variance)


def add_noise(
    z: Float[Tensor, "molecule latent"],
    noise_levels: Float[Tensor, " molecule"],
    noise: Float[Tensor, "molecule latent"],
) -> Float[Tensor, "molecule latent"]:
    """cos(pi t / 2) z + sin(pi t / 2) noise for noise levels t in [0, 1].

    At t = 1 it is 0: no information on z is left, and the noise itself carries none.
    """
    angles = 0.5 * math.pi * noise_levels[:, None]
    mixed = angles.cos() * z + angles.sin() * noise
    return mixed.masked_fill(noise_levels[:, None] >= 1.0, 0.0)


def as_latents(
    values: Float[np.ndarray, "molecule latent"], latent_size: int
) -> Float[Tensor, "molecule latent"]:
    """Latent vectors as a float32 tensor.

    Raises:
        ModelError: the rows do not have `latent_size` numbers, or a number is not finite.
    """
    latents = torch.as_tensor(np.asarray(values), dtype=torch.float32)
    if latents.shape[1:] != (latent_size,):
        raise ModelError(
            f"expected latent vectors of this model, {latent_size} numbers in each row; "
            f"got the shape {tuple(latents.shape)}"
        )
    if not (is_finite := latents.isfinite().all(dim=1)).all():
        raise ModelError(
            f"expected latent vectors of finite numbers; row {int(is_finite.int().argmin())} "
            "holds another"
        )
    return latents
