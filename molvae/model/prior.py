"""Where z comes from when no molecule is given: N(0, I), or the codes of molecules made up."""

import math
from collections.abc import Sequence
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

_LEAST_SHARE = 0.05
"""Of draws that are taken, by which the next lot's size is reckoned."""
_ROWS = 256
"""Molecules that are encoded together."""
_LOT = 512
"""Molecules that a processor writes together: the states of more leave its cache. A GPU writes all
together; so many are judged together."""
_MARGIN = 3.0
"""Standard deviations of how many are taken, by which more are written."""


@runtime_checkable
class Prior(Protocol):
    """A distribution of latent vectors."""

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """`n` points, on the network's device."""
        ...

    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log p(z) in nats, or a lower bound on it."""
        ...


class NormalPrior:
    """N(0, I), to which the KL term of training draws every posterior."""

    def __init__(self, latent_size: int) -> None:
        self.latent_size = latent_size

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """`n` points, on the generator's device."""
        return torch.randn(n, self.latent_size, generator=generator, device=generator.device)

    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """Log p(z) in nats."""
        return _normal_log_density(z).sum(1)


@dataclass(frozen=True)
class Draws:
    """Molecules that the language model made up, their codes, and what the codes decode to."""

    ids: Int[Tensor, "molecule position"]
    """As written by the language model: symbols, END, PAD."""
    latents: Float[Tensor, "molecule latent"]
    """The posterior mean of each."""
    decoded: Int[Tensor, "molecule other_position"]
    """Written greedily from the points."""

    @property
    def round_trips(self) -> Bool[Tensor, " molecule"]:
        """Whether each sample's latent vector decodes to the sample's own ids."""
        width = max(self.ids.shape[1], self.decoded.shape[1])
        return (_padded(self.ids, width) == _padded(self.decoded, width)).all(1)


class PushForwardPrior:
    """The language model's molecules, pushed forward through the encoder.

    p(z) = sum over spellings x of p(x) q(z | x), the posterior averaged over all that the language
    model may write. By making p(z) the averaged posterior itself, no code is drawn that belongs to
    no molecule (the gap that Tomczak & Welling 2018 close with a mixture of pseudo-inputs).
    Samples are the means of q(z | x), not draws of it. With a resampler, the prior is resampled:
    of what is written, more is taken of what the language model writes too rarely.

    Args:
        network: with a language model, or a ModelError is raised.
        resampler: None accepts all samples.
        max_symbols: a spelling ends there at the latest.
    """

    def __init__(
        self,
        network: SequenceVAE,
        resampler: Resampler | None = None,
        max_symbols: int = GREEDY.max_symbols,
    ) -> None:
        if not network.has_prior:
            raise ModelError("this model has no learned prior; use the normal one")
        self.network = network
        self.resampler = resampler
        self.max_symbols = max_symbols

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "molecule latent"]:
        """The codes of `n` made-up molecules."""
        return self._taken(n, DecodingConfig(max_symbols=self.max_symbols), generator)[1]

    @torch.inference_mode()
    def draw(self, n: int, config: DecodingConfig, generator: torch.Generator) -> Draws:
        """`n` made-up molecules, drawn as the settings say, with their codes."""
        ids, latents = self._taken(n, config, generator)
        greedy = DecodingConfig(temperature=0.0, max_symbols=config.max_symbols)
        together = _LOT if self.network.device.type == "cpu" else max(n, 1)
        lots = torch.split(latents, together)
        decoded = _joined([self.network.decode(lot, greedy) for lot in lots])
        return Draws(ids, latents, decoded)

    @torch.inference_mode()
    def log_density(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, " molecule"]:
        """A lower bound on log p(z): the term of the sum whose spelling z decodes to, in nats."""
        greedy = GREEDY.with_changes({"max_symbols": self.max_symbols})
        ids = self.network.decode(z, greedy)
        lengths = _lengths(ids)
        posterior = self.network.encode(ids, lengths)
        standardised = (z - posterior.mean) * torch.exp(-0.5 * posterior.log_variance)
        given_ids = _normal_log_density(standardised) - 0.5 * posterior.log_variance
        nll = self.network.prior_nll(ids, lengths)
        density = given_ids.sum(1) - nll
        if self.resampler is not None:
            density += self.resampler.log_correction(ids, nll)
        return density

    @torch.inference_mode()
    def _taken(
        self, n: int, config: DecodingConfig, generator: torch.Generator
    ) -> tuple[Int[Tensor, "molecule position"], Float[Tensor, "molecule latent"]]:
        """`n` spellings with their codes, all of them taken."""
        ids = self._written(n, config, generator)
        return ids, self._codes(ids)

    def _written(
        self, n: int, config: DecodingConfig, generator: torch.Generator
    ) -> Int[Tensor, "molecule position"]:
        """`n` spellings; where they are selected, of as many as that takes."""
        selfies_rows = [torch.empty(0, 1, dtype=torch.long, device=self.network.device)]
        if self.resampler is None:
            lots = self.network.sample_prior(n, config, generator)
            return _joined([*selfies_rows, *(lot.ids for lot in lots)])
        share = max(self.resampler.acceptance_rate, _LEAST_SHARE)
        missing = n
        while missing > 0:
            # Not without end: whoever judges them may ask for more than turn out to be needed.
            written = math.ceil((missing + _MARGIN * math.sqrt(missing)) / share)
            lots = self.network.sample_prior(written, config, generator)
            for taken in self.resampler.resample(lots, generator):
                selfies_rows.append(taken[:missing])
                missing -= len(selfies_rows[-1])
                if not missing:
                    break
        return _joined(selfies_rows)

    def _codes(self, ids: Int[Tensor, "molecule position"]) -> Float[Tensor, "molecule latent"]:
        """The posterior mean of each row."""
        lengths = _lengths(ids)
        codes = ids.new_empty(
            len(ids), self.network.config.latent_size, dtype=torch.get_default_dtype()
        )
        for rows in by_length(lengths.tolist(), _ROWS):
            codes[rows] = self.network.encode(ids[rows], lengths[rows]).mean
        return codes


def _normal_log_density(z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule latent"]:
    return -0.5 * (z.square() + math.log(2 * math.pi))


def _lengths(ids: Int[Tensor, "molecule position"]) -> Int[Tensor, " molecule"]:
    """Ids of each row without PAD; a row that was cut short has no END, and counts whole."""
    return (ids != PAD).sum(1)


def _joined(lots: Sequence[Int[Tensor, "_ _"]]) -> Int[Tensor, "molecule position"]:
    width = max(ids.shape[1] for ids in lots)
    return torch.cat([_padded(ids, width) for ids in lots])


def _padded(ids: Int[Tensor, "molecule position"], width: int) -> Int[Tensor, "molecule wide"]:
    return torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=PAD)
