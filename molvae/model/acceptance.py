"""Acceptance: which draws of a prior are taken, and how often, so that it fits the data better."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from molvae.model.decoding import Sequences

_HIDDEN = 256
_DROPOUT = (0.2, 0.5)
"""Of what it sees, and of what it makes of that: most features are seldom there."""
_LEAST_DEVIATION = 0.03
_FURTHEST = 8.0
"""Deviations from the mean beyond which a feature counts for no more."""
_LOWERED = 0.5
"""Of what a draw surprises the prior too little by, its share that comes off the odds, in nats."""
_LOG_LEAST = math.log(0.01)
_ROWS = 4_096
"""Of descriptions, made numbers of together."""

Counts = UInt8[Tensor, "draw feature"]
"""How often each feature stands in each draw."""


@dataclass(frozen=True)
class Described:
    """Draws, as an acceptance sees them."""

    counts: Counts
    nll: Float[Tensor, " draw"]
    """-log p of each under the prior that is not resampled, in nats."""


class Acceptance(nn.Module):
    """The share a(x) of the draws of a molecule x that a resampled prior takes.

    With r(x) the odds that x is a molecule of the training set rather than a draw, a(x) =
    min(1, r(x) / ceiling), and at least 0.01, so that drawing ends however odd the draws are. A
    prior p(x) of which draws are taken so becomes p(x) a(x) / Z, where Z is the share of the draws
    that is taken (Bauer & Mnih 2019, resampled priors); here r is that of a classifier, which
    estimates the ratio of both probabilities. It sees how often each feature stands in x, whatever
    the features are. A prior may also be too sure of a molecule, and draw it again and again: where
    -log p(x) is below what is usual, log r(x) is lowered by half of what lacks. Where Z was set by
    draws that passed other conditions too, p(x) a(x) / Z is a lower bound on the probability among
    those that pass: it lacks the division by their share.
    """

    mean: Tensor
    deviation: Tensor
    usual: Tensor
    """-log p(x) in nats, below which the prior is too sure of x."""
    log_ceiling: Tensor
    log_share: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        seen, made = _DROPOUT
        self.layers = nn.Sequential(
            nn.Dropout(seen),
            nn.Linear(features, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(made),
            nn.Linear(_HIDDEN, 1),
        )
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.register_buffer("usual", torch.zeros(()))
        self.register_buffer("log_ceiling", torch.zeros(()))
        self.register_buffer("log_share", torch.zeros(()))

    def own_odds(self, counts: Counts) -> Float[Tensor, " draw"]:
        """The logarithms of the classifier's own odds, in nats."""
        return torch.cat([self._odds(part) for part in torch.split(counts, _ROWS)])

    def log_odds(self, draws: Described) -> Float[Tensor, " draw"]:
        """Log r(x), in nats."""
        too_sure = (self.usual - draws.nll).clamp(min=0.0)
        return self.own_odds(draws.counts) - _LOWERED * too_sure

    def log_share_at(self, draws: Described) -> Float[Tensor, " draw"]:
        """Log a(x), in nats; at most 0."""
        return (self.log_odds(draws) - self.log_ceiling).clamp(_LOG_LEAST, 0.0)

    def log_gain(self, draws: Described) -> Float[Tensor, " draw"]:
        """Log a(x) / Z: what is added to the prior's log-probability, in nats."""
        return self.log_share_at(draws) - self.log_share

    def takes(self, draws: Described, chance: Float[Tensor, " draw"]) -> Bool[Tensor, " draw"]:
        """Whether each of these draws is taken, by a number of chance from [0, 1) for each."""
        return chance.log() < self.log_share_at(draws)

    @torch.no_grad()
    def standardise(self, counts: UInt8[Tensor, "molecule feature"]) -> None:
        """Set the mean and deviation by which features are standardised to those of these."""
        total, squares = (torch.zeros_like(self.mean, dtype=torch.double) for _ in range(2))
        for part in torch.split(counts, _ROWS):
            logs = _logs(part).double()
            total += logs.sum(0)
            squares += logs.square().sum(0)
        mean = total / len(counts)
        variance = (squares / len(counts) - mean.square()).clamp(min=0.0)
        self.mean.copy_(mean)
        self.deviation.copy_(variance.sqrt().clamp(min=_LEAST_DEVIATION))

    @torch.no_grad()
    def calibrate(self, draws: Described, below: float) -> None:
        """Set the ceiling and Z.

        Args:
            draws: of the prior as it is without this.
            below: share of them whose odds stay below the ceiling. The larger it is, the nearer
                those taken come to the training set, and the fewer they are.
        """
        odds = self.log_odds(draws)
        self.log_ceiling.copy_(torch.quantile(odds, below))
        shares = (odds - self.log_ceiling).clamp(_LOG_LEAST, 0.0)
        self.log_share.copy_(torch.logsumexp(shares, 0) - math.log(len(odds)))

    def _odds(self, counts: Counts) -> Float[Tensor, " draw"]:
        seen = (_logs(counts) - self.mean) / self.deviation
        odds: Tensor = self.layers(seen.clamp(-_FURTHEST, _FURTHEST))
        return odds[:, 0]


@dataclass(frozen=True)
class Selection:
    """An acceptance, and how it comes to see what symbols spell."""

    acceptance: Acceptance
    describe: Callable[[Iterable[Int[Tensor, "draw position"]]], Iterator[Counts]]
    """From lots of ids (symbols, END, PAD) to the counts of features in each, lot by lot; lots may
    be asked for ahead of what has been answered."""

    @property
    def share(self) -> float:
        """Of the draws, that is taken."""
        return float(self.acceptance.log_share.exp())

    def log_gain(
        self, ids: Int[Tensor, "draw position"], nll: Float[Tensor, " draw"]
    ) -> Float[Tensor, " draw"]:
        """What is added to the prior's log-probability of each, -surprise, in nats."""
        (counts,) = self.describe([ids])
        return self.acceptance.log_gain(Described(counts, nll))

    def taken(
        self, lots: Iterable[Sequences], generator: torch.Generator
    ) -> Iterator[Int[Tensor, "taken position"]]:
        """Those draws of each lot that are taken.

        Chance falls when a lot is asked for, so that it does not matter how far ahead that is.
        """
        waiting: deque[tuple[Sequences, Tensor]] = deque()

        def asked() -> Iterator[Tensor]:
            for lot in lots:
                chance = torch.rand(len(lot.ids), generator=generator, device=generator.device)
                waiting.append((lot, chance))
                yield lot.ids

        for counts in self.describe(asked()):
            lot, chance = waiting.popleft()
            yield lot.ids[self.acceptance.takes(Described(counts, lot.nll), chance)]


def _logs(counts: Counts) -> Float[Tensor, "draw feature"]:
    """A second occurrence tells less than the first."""
    return counts.float().log1p()
