"""Acceptance: which draws of a prior are taken, and how often, so that it fits the codes better."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

_HIDDEN = 256
_DROPOUT = 0.3
_LEAST_DEVIATION = 1e-6


class Acceptance(nn.Module):
    """The share a(z) of the draws at a point z that a resampled prior takes.

    With r(z) the odds that a point is the code of a molecule of the training set rather than a
    draw, a(z) = min(1, r(z) / ceiling). A prior p(z) of which draws are taken so has the density
    p(z) a(z) / Z, where Z is the share of all draws that is taken (Bauer & Mnih 2019, resampled
    priors); here r is that of a classifier, which estimates the ratio of both densities.
    """

    mean: Tensor
    deviation: Tensor
    log_ceiling: Tensor
    log_share: Tensor

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_size, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, 1),
        )
        self.register_buffer("mean", torch.zeros(latent_size))
        self.register_buffer("deviation", torch.ones(latent_size))
        self.register_buffer("log_ceiling", torch.zeros(()))
        self.register_buffer("log_share", torch.zeros(()))

    def log_odds(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log r(z), in nats."""
        odds: Tensor = self.layers((z - self.mean) / self.deviation)
        return odds[:, 0]

    def log_share_at(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log a(z), in nats; at most 0."""
        return (self.log_odds(z) - self.log_ceiling).clamp(max=0.0)

    def log_density_gain(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log a(z) / Z: what is added to the prior's log-density, in nats."""
        return self.log_share_at(z) - self.log_share

    def takes(
        self, z: Float[Tensor, "molecule latent"], generator: torch.Generator
    ) -> Bool[Tensor, " molecule"]:
        """Whether each of these draws is taken."""
        chance = torch.rand(len(z), generator=generator, device=generator.device)
        return chance.log() < self.log_share_at(z)

    @torch.no_grad()
    def standardise(self, points: Float[Tensor, "point latent"]) -> None:
        """Set the mean and deviation that points are brought to, to those of these."""
        self.mean.copy_(points.mean(0))
        self.deviation.copy_(points.std(0).clamp(min=_LEAST_DEVIATION))

    @torch.no_grad()
    def calibrate(self, draws: Float[Tensor, "draw latent"], below: float) -> None:
        """Set the ceiling and Z by draws of the prior, of which these are.

        Args:
            draws: of the prior as it is without this.
            below: share of them whose odds stay below the ceiling. The larger it is, the nearer
                those taken come to the training set, and the fewer they are.
        """
        odds = self.log_odds(draws)
        self.log_ceiling.copy_(torch.quantile(odds, below))
        share = torch.logsumexp(self.log_share_at(draws), 0) - math.log(len(draws))
        self.log_share.copy_(share)
