"""Acceptance: which draws of a prior are taken, and how often, so that it fits the codes better."""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

_BESIDES_THE_CODE = 2
_HIDDEN = 256
_DROPOUT = 0.3
_LEAST_DEVIATION = 1e-6
_LOG_LEAST = math.log(0.01)


def evidence(
    points: Float[Tensor, "draw latent"],
    surprise: Float[Tensor, " draw"],
    lengths: Int[Tensor, " draw"],
) -> Float[Tensor, "draw evidence"]:
    """What a draw x is judged by: its code, -log p(x) in nats, and its symbols, END included."""
    return torch.cat([points, surprise[:, None], lengths[:, None].to(points.dtype)], dim=1)


class Acceptance(nn.Module):
    """The share a(x) of the draws of a molecule x that a resampled prior takes.

    With r(x) the odds that x is a molecule of the training set rather than a draw, a(x) =
    min(1, r(x) / ceiling), and at least 0.01, so that drawing ends however odd the draws are. A
    prior p(x) of which draws are taken so becomes p(x) a(x) / Z, where Z is the share of the draws
    that is taken (Bauer & Mnih 2019, resampled priors); here r is that of a classifier, which
    estimates the ratio of both probabilities. See `evidence` for what it sees. Where Z was set by
    draws that passed other conditions too, p(x) a(x) / Z is a lower bound on the probability among
    those that pass: it lacks the division by their share.
    """

    mean: Tensor
    deviation: Tensor
    log_ceiling: Tensor
    log_share: Tensor

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_size + _BESIDES_THE_CODE, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, 1),
        )
        self.register_buffer("mean", torch.zeros(latent_size + _BESIDES_THE_CODE))
        self.register_buffer("deviation", torch.ones(latent_size + _BESIDES_THE_CODE))
        self.register_buffer("log_ceiling", torch.zeros(()))
        self.register_buffer("log_share", torch.zeros(()))

    def log_odds(self, draws: Float[Tensor, "draw evidence"]) -> Float[Tensor, " draw"]:
        """Log r(x), in nats."""
        odds: Tensor = self.layers((draws - self.mean) / self.deviation)
        return odds[:, 0]

    def log_share_at(self, draws: Float[Tensor, "draw evidence"]) -> Float[Tensor, " draw"]:
        """Log a(x), in nats; at most 0."""
        return (self.log_odds(draws) - self.log_ceiling).clamp(_LOG_LEAST, 0.0)

    def log_gain(self, draws: Float[Tensor, "draw evidence"]) -> Float[Tensor, " draw"]:
        """Log a(x) / Z: what is added to the prior's log-probability, in nats."""
        return self.log_share_at(draws) - self.log_share

    def takes(
        self, draws: Float[Tensor, "draw evidence"], generator: torch.Generator
    ) -> Bool[Tensor, " draw"]:
        """Whether each of these draws is taken."""
        chance = torch.rand(len(draws), generator=generator, device=generator.device)
        return chance.log() < self.log_share_at(draws)

    @torch.no_grad()
    def standardise(self, molecules: Float[Tensor, "molecule evidence"]) -> None:
        """Set the mean and deviation by which evidence is standardised to those of these."""
        self.mean.copy_(molecules.mean(0))
        self.deviation.copy_(molecules.std(0).clamp(min=_LEAST_DEVIATION))

    @torch.no_grad()
    def calibrate(self, draws: Float[Tensor, "draw evidence"], below: float) -> None:
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
