"""Acceptance of a prior's samples, so that those accepted fit the training data better."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from molvae.model.decoding import Sequences

_HIDDEN = 256
_DROPOUT = (0.2, 0.5)
"""Dropout of the classifier's inputs and of its hidden units; most features occur rarely."""
_MIN_DEVIATION = 0.03
_MAX_STANDARD_SCORE = 8.0
"""Standard deviations from the mean at which a feature is clipped."""
_OVERCONFIDENCE_PENALTY = 0.5
"""Fraction of the overconfidence (nats) subtracted from the log density ratio."""
_LOG_MIN_PROBABILITY = math.log(0.01)
_ROWS = 4_096
"""Samples whose features are converted to floats together."""

FeatureCounts = UInt8[Tensor, "sample feature"]
"""Number of occurrences of each feature in each sample."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class DrawFeatures:
    """The features of samples from which their acceptance is computed."""

    counts: FeatureCounts
    nll: Float[Tensor, " sample"]
    """Negative log-likelihood of each sample under the prior before resampling, in nats."""


class Acceptance(nn.Module):
    """Acceptance probability a(x) of the samples of a resampled prior.

    Bauer & Mnih 2019 (LARS, "Resampled priors for variational autoencoders"): accepting a sample x
    of the prior p(x) with probability a(x) gives the prior p(x) a(x) / Z, where Z is the acceptance
    rate. Here a(x) = min(1, r(x) / ceiling), but at least 0.01, so that sampling ends however
    unlikely the samples are. The density ratio r(x) comes from a classifier that tells training
    molecules from samples by how often each feature occurs in x, whatever the features are. Where
    the prior is overconfident, i.e. -log p(x) is below `nll_floor`, log r(x) is lowered by half of
    the difference. If Z was estimated from samples that met further conditions, p(x) a(x) / Z is a
    lower bound on the probability among all samples that meet them.
    """

    mean: Tensor
    deviation: Tensor
    usual: Tensor
    log_ceiling: Tensor
    log_share: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        input_dropout, hidden_dropout = _DROPOUT
        self.layers = nn.Sequential(
            nn.Dropout(input_dropout),
            nn.Linear(features, _HIDDEN),
            nn.SiLU(),
            nn.Dropout(hidden_dropout),
            nn.Linear(_HIDDEN, 1),
        )
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.register_buffer("log_ceiling", torch.zeros(()))
        # Saved models and digests of weights hold `nll_floor` and `log_z` under these names.
        self.register_buffer("usual", torch.zeros(()))
        self.register_buffer("log_share", torch.zeros(()))

    @property
    def nll_floor(self) -> Float[Tensor, ""]:
        """Negative log-likelihood (nats) below which the prior is overconfident."""
        return self.usual

    @property
    def log_z(self) -> Float[Tensor, ""]:
        """Logarithm of the acceptance rate Z."""
        return self.log_share

    def classifier_logits(self, counts: FeatureCounts) -> Float[Tensor, " sample"]:
        """Log odds that each sample is a training molecule, in nats."""
        logits = []
        for rows in torch.split(counts, _ROWS):
            scores = (_log_counts(rows) - self.mean) / self.deviation
            logits.append(self.layers(scores.clamp(-_MAX_STANDARD_SCORE, _MAX_STANDARD_SCORE)))
        return torch.cat(logits)[:, 0]

    def log_density_ratio(self, samples: DrawFeatures) -> Float[Tensor, " sample"]:
        """Log r(x), in nats."""
        overconfidence = (self.nll_floor - samples.nll).clamp(min=0.0)
        return self.classifier_logits(samples.counts) - _OVERCONFIDENCE_PENALTY * overconfidence

    def log_acceptance_prob(self, samples: DrawFeatures) -> Float[Tensor, " sample"]:
        """Log a(x), in nats; at most 0."""
        return (self.log_density_ratio(samples) - self.log_ceiling).clamp(_LOG_MIN_PROBABILITY, 0.0)

    def log_correction(self, samples: DrawFeatures) -> Float[Tensor, " sample"]:
        """Log a(x) / Z, which resampling adds to the prior's log-probability, in nats."""
        return self.log_acceptance_prob(samples) - self.log_z

    def accept(
        self, samples: DrawFeatures, uniform: Float[Tensor, " sample"]
    ) -> Bool[Tensor, " sample"]:
        """Whether each sample is accepted, given a uniform random number from [0, 1) for it."""
        return uniform.log() < self.log_acceptance_prob(samples)

    @torch.no_grad()
    def standardise(self, counts: UInt8[Tensor, "molecule feature"]) -> None:
        """Fit the mean and deviation by which features are standardised."""
        total, squares = (torch.zeros_like(self.mean, dtype=torch.double) for _ in range(2))
        for rows in torch.split(counts, _ROWS):
            logs = _log_counts(rows).double()
            total += logs.sum(0)
            squares += logs.square().sum(0)
        mean = total / len(counts)
        variance = (squares / len(counts) - mean.square()).clamp(min=0.0)
        self.mean.copy_(mean)
        self.deviation.copy_(variance.sqrt().clamp(min=_MIN_DEVIATION))

    @torch.no_grad()
    def calibrate(self, samples: DrawFeatures, quantile: float) -> None:
        """Fit the ceiling and Z.

        Args:
            samples: samples of the prior before resampling.
            quantile: fraction of them whose density ratio lies below the ceiling. The larger it
                is, the closer accepted samples come to the training set, and the fewer they are.
        """
        log_ratio = self.log_density_ratio(samples)
        self.log_ceiling.copy_(torch.quantile(log_ratio, quantile))
        log_prob = (log_ratio - self.log_ceiling).clamp(_LOG_MIN_PROBABILITY, 0.0)
        self.log_share.copy_(torch.logsumexp(log_prob, 0) - math.log(len(log_ratio)))


@runtime_checkable
class CountFeatures(Protocol):
    """Counts of features in samples; it may read ahead of the batches that it has answered."""

    def __call__(
        self, batches: Iterable[tuple[Item, Int[Tensor, "sample position"]]]
    ) -> Iterator[tuple[Item, FeatureCounts]]:
        """For each `(item, ids)`, with ids of tokens, END and PAD: the item and the counts."""
        ...


@dataclass(frozen=True)
class Resampler:
    """An acceptance, and the function that gives it the features of samples."""

    acceptance: Acceptance
    count_features: CountFeatures

    @property
    def acceptance_rate(self) -> float:
        """Fraction of the samples that is accepted on average."""
        return float(self.acceptance.log_z.exp())

    def log_correction(
        self, ids: Int[Tensor, "sample position"], nll: Float[Tensor, " sample"]
    ) -> Float[Tensor, " sample"]:
        """Nats that resampling adds to each sample's log-probability under the prior, -nll."""
        ((_, counts),) = self.count_features([(None, ids)])
        return self.acceptance.log_correction(DrawFeatures(counts, nll))

    def resample(
        self, batches: Iterable[Sequences], generator: torch.Generator
    ) -> Iterator[Int[Tensor, "accepted position"]]:
        """The accepted samples of each batch.

        Random numbers are drawn when a batch is read, so the result does not depend on how far
        ahead `count_features` reads.
        """
        device = generator.device
        items = (
            ((batch, torch.rand(len(batch.ids), generator=generator, device=device)), batch.ids)
            for batch in batches
        )
        for (batch, uniform), counts in self.count_features(items):
            yield batch.ids[self.acceptance.accept(DrawFeatures(counts, batch.nll), uniform)]


def _log_counts(counts: FeatureCounts) -> Float[Tensor, "sample feature"]:
    """Log(1 + count), as a second occurrence carries less information than the first."""
    return counts.float().log1p()
