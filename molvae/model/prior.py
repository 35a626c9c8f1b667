"""Where z comes from when no molecule is given: the standard normal distribution."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


class NormalPrior:
    """N(0, I), to which the KL term of training draws every posterior."""

    def __init__(self, latent_size: int) -> None:
        self.latent_size = latent_size

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """`n` points, on the generator's device."""
        return torch.randn(n, self.latent_size, generator=generator, device=generator.device)

    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log p(z) in nats."""
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
