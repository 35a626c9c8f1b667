"""Priors of the latent vectors: N(0, I), and the encoded samples of a language model."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from molvae.errors import ModelError
from molvae.model.acceptance import Resampler
from molvae.model.batching import by_length
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.network import SequenceVAE
from molvae.special_ids import PAD

_LOWEST_RATE = 0.05
"""Acceptance rate below which the next batch is not made larger."""
_ENCODED_TOGETHER = 256
_DECODED_TOGETHER = 512
"""Rows that a CPU decodes together: the hidden states of more leave its cache."""
_MARGIN = 3.0
"""Standard deviations of the number of accepted samples, by which more are sampled."""


@runtime_checkable
class Prior(Protocol):
    """A distribution of latent vectors."""

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """`n` latent vectors, on the network's device."""
        ...

    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log p(z) in nats, or a lower bound on it."""
        ...


class NormalPrior:
    """N(0, I), towards which the KL term of training pulls every posterior."""

    def __init__(self, latent_size: int) -> None:
        self.latent_size = latent_size

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """`n` latent vectors, on the generator's device."""
        return torch.randn(n, self.latent_size, generator=generator, device=generator.device)

    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log p(z) in nats."""
        return _normal_log_density(z).sum(1)


@dataclass(frozen=True)
class Draws:
    """Samples of the language model, their latent vectors, and the decoded sequences."""

    ids: Int[Tensor, "molecule position"]
    """Sampled tokens, END, PAD."""
    latents: Float[Tensor, "molecule latent"]
    """Posterior mean of each sample."""
    decoded: Int[Tensor, "molecule other_position"]
    """Tokens decoded greedily from the latent vectors."""

    @property
    def round_trips(self) -> Bool[Tensor, " molecule"]:
        """Whether each sample's latent vector decodes to the sample's own ids."""
        width = max(self.ids.shape[1], self.decoded.shape[1])
        return (_pad(self.ids, width) == _pad(self.decoded, width)).all(1)


Retokenize = Callable[[Int[Tensor, "molecule position"]], Int[Tensor, "molecule new_position"]]
"""A function that writes sequences of merged tokens as the vocabulary encodes their symbols."""


class PushForwardPrior:
    """The samples of the language model, encoded.

    p(z) = sum over sequences x of p(x) q(z | x), the posterior averaged over what the language
    model samples. As p(z) is the averaged posterior itself, no latent vector is sampled that
    belongs to no molecule (the gap that Tomczak & Welling 2018 close with a mixture of
    pseudo-inputs). Samples are the means of q(z | x). A resampler accepts some samples only, such
    that molecules which the language model samples too rarely become more frequent.

    Args:
        network: must have a learned prior.
        resampler: None accepts all samples.
        max_symbols: longest sequence.
        retokenize: needed where tokens are merged, since a sampled sequence may be split into
            other tokens than the vocabulary would split it into.

    Raises:
        ModelError: the network has no learned prior.
    """

    def __init__(
        self,
        network: SequenceVAE,
        resampler: Resampler | None = None,
        max_symbols: int = GREEDY.max_symbols,
        retokenize: Retokenize | None = None,
    ) -> None:
        if not network.has_prior:
            raise ModelError("this model has no learned prior; use the normal one")
        self.network = network
        self.resampler = resampler
        self.max_symbols = max_symbols
        self._retokenize = retokenize or (lambda ids: ids)

    @torch.inference_mode()
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """Latent vectors of `n` sampled molecules."""
        ids = self._sample_ids(n, DecodingConfig(max_symbols=self.max_symbols), generator)
        return self._encode(self._retokenize(ids))

    @torch.inference_mode()
    def write(
        self,
        n: int,
        config: DecodingConfig,
        generator: torch.Generator,
        conditions: Float[Tensor, " condition"] | None = None,
    ) -> Int[Tensor, "molecule position"]:
        """`n` sampled sequences, as the language model wrote them: tokens, END, PAD."""
        return self._sample_ids(n, config, generator, conditions)

    @torch.inference_mode()
    def draw(
        self,
        n: int,
        config: DecodingConfig,
        generator: torch.Generator,
        conditions: Float[Tensor, " condition"] | None = None,
    ) -> Draws:
        """`n` sampled molecules, their latent vectors, and what these decode to.

        The latent vectors are decoded without conditions, as they are decoded elsewhere.
        """
        ids = self._retokenize(self._sample_ids(n, config, generator, conditions))
        latents = self._encode(ids)
        greedy = GREEDY.with_changes({"max_symbols": config.max_symbols})
        together = _DECODED_TOGETHER if self.network.device.type == "cpu" else max(n, 1)
        batches = torch.split(latents, together)
        decoded = _concatenate([self.network.decode(batch, greedy) for batch in batches])
        return Draws(ids, latents, self._retokenize(decoded))

    @torch.inference_mode()
    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """A lower bound on log p(z) in nats: the term of the sequence that z decodes to."""
        greedy = GREEDY.with_changes({"max_symbols": self.max_symbols})
        ids = self._retokenize(self.network.decode(z, greedy))
        lengths = _lengths(ids)
        posterior = self.network.encode(ids, lengths)
        standardized = (z - posterior.mean) * torch.exp(-0.5 * posterior.log_variance)
        log_likelihood = _normal_log_density(standardized) - 0.5 * posterior.log_variance
        nll = self.network.prior_nll(ids, lengths)
        density = log_likelihood.sum(1) - nll
        if self.resampler is not None:
            density += self.resampler.log_correction(ids, nll)
        return density

    def _sample_ids(
        self,
        n: int,
        config: DecodingConfig,
        generator: torch.Generator,
        conditions: Float[Tensor, " condition"] | None = None,
    ) -> Int[Tensor, "molecule position"]:
        """`n` accepted sequences."""
        accepted = [torch.empty(0, 1, dtype=torch.long, device=self.network.device)]
        if self.resampler is None:
            batches = self.network.sample_prior(n, config, generator, conditions)
            return _concatenate([*accepted, *(batch.ids for batch in batches)])
        rate = max(self.resampler.acceptance_rate, _LOWEST_RATE)
        missing = n
        while missing > 0:
            # A bounded number at a time: the caller may ask for more than it turns out to need.
            size = math.ceil((missing + _MARGIN * math.sqrt(missing)) / rate)
            batches = self.network.sample_prior(size, config, generator, conditions)
            for ids in self.resampler.resample(batches, generator):
                accepted.append(ids[:missing])
                missing -= len(accepted[-1])
                if not missing:
                    break
        return _concatenate(accepted)

    def _encode(self, ids: Int[Tensor, "molecule position"]) -> Float[Tensor, "molecule latent"]:
        """The posterior mean of each row."""
        lengths = _lengths(ids)
        means = ids.new_empty(
            len(ids), self.network.config.latent_size, dtype=torch.get_default_dtype()
        )
        for rows in by_length(lengths.tolist(), _ENCODED_TOGETHER):
            means[rows] = self.network.encode(ids[rows], lengths[rows]).mean
        return means


def _normal_log_density(z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule latent"]:
    return -0.5 * (z.square() + math.log(2 * math.pi))


def _lengths(ids: Int[Tensor, "molecule position"]) -> Int[Tensor, " molecule"]:
    """Ids of each row without PAD; a row that was cut short has no END, and counts whole."""
    return (ids != PAD).sum(1)


def _concatenate(lots: Sequence[Int[Tensor, "_ _"]]) -> Int[Tensor, "molecule position"]:
    width = max(ids.shape[1] for ids in lots)
    return torch.cat([_pad(ids, width) for ids in lots])


def _pad(ids: Int[Tensor, "molecule position"], width: int) -> Int[Tensor, "molecule wide"]:
    return torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=PAD)
