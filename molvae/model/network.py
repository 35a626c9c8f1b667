"""ModelConfig, Posterior and SequenceVAE: a GRU encoder and a GRU decoder round a latent vector."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from molvae.errors import ConfigError
from molvae.model.heads import PropertyHead
from molvae.model.loss import Elbo
from molvae.model.recurrence import Recurrence
from molvae.settings import Settings, suggestion
from molvae.special_ids import PAD, START

# Log-variances beyond these bounds carry no information and overflow in half precision.
_LOG_VARIANCE_BOUND = 8.0


class ModelConfig(Settings):
    """Widths and depths of the network."""

    embedding_size: PositiveInt = 128
    """Length of the vector that stands for a symbol."""
    encoder_size: PositiveInt = 256
    """Hidden units of the encoder, in each of its two directions."""
    encoder_layers: PositiveInt = 1
    decoder_size: PositiveInt = 512
    """Hidden units of the decoder."""
    decoder_layers: PositiveInt = 1
    latent_size: PositiveInt = 128
    """Dimensions of the latent space."""

    @classmethod
    def preset(cls, name: str) -> "ModelConfig":
        """The settings of a named size; `small` trains in minutes on a laptop.

        Raises:
            ConfigError: no preset has that name.
        """
        if name not in PRESETS:
            raise ConfigError(f"no preset {name!r}{suggestion(name, list(PRESETS))}")
        return PRESETS[name]


PRESETS = {
    "small": ModelConfig(embedding_size=64, encoder_size=128, decoder_size=256, latent_size=64),
    "base": ModelConfig(),
}


@dataclass(frozen=True)
class Posterior:
    """q(z | molecule): a normal distribution with a diagonal covariance for each molecule."""

    mean: Float[Tensor, "molecule latent"]
    log_variance: Float[Tensor, "molecule latent"]

    def sample(self, noise: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule latent"]:
        """Reparameterised draw: mean + standard deviation x noise (Kingma & Welling 2014)."""
        return self.mean + torch.exp(0.5 * self.log_variance) * noise

    def kl(self) -> Float[Tensor, "molecule latent"]:
        """KL divergence to the standard normal, in nats for each dimension."""
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1.0 - self.log_variance)


class SequenceVAE(nn.Module):
    """Ids to a posterior over latent vectors, and latent vectors to logits over ids.

    Rows of ids hold symbols, then END, then any number of PAD; a row's `length` counts END. The
    recurrences see rows of one length at a time, so padding changes nothing in what is returned.
    """

    def __init__(self, config: ModelConfig, n_ids: int, n_properties: int = 0) -> None:
        super().__init__()
        self.config = config
        self.n_ids = n_ids
        self.embedding = nn.Embedding(n_ids, config.embedding_size)
        encoder_inputs = [
            config.embedding_size,
            *[2 * config.encoder_size] * (config.encoder_layers - 1),
        ]
        self.forwards = nn.ModuleList(Recurrence(n, config.encoder_size) for n in encoder_inputs)
        self.backwards = nn.ModuleList(Recurrence(n, config.encoder_size) for n in encoder_inputs)
        self.to_posterior = nn.Linear(2 * config.encoder_size, 2 * config.latent_size)
        decoder_inputs = [
            config.embedding_size + config.latent_size,
            *[config.decoder_size] * (config.decoder_layers - 1),
        ]
        self.decoder = nn.ModuleList(Recurrence(n, config.decoder_size) for n in decoder_inputs)
        self.to_state = nn.Linear(config.latent_size, config.decoder_layers * config.decoder_size)
        self.to_logits = nn.Linear(config.decoder_size, n_ids)
        self.head = PropertyHead(config.latent_size, n_properties) if n_properties else None

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.embedding.weight.device

    def encode(
        self, ids: Int[Tensor, "molecule position"], lengths: Int[Tensor, " molecule"]
    ) -> Posterior:
        """The posterior of each row."""
        rows, parts = [], []
        for part, length in _by_length(lengths):
            rows.append(part)
            parts.append(self._summary(ids[part, :length].t()))
        summary = torch.cat(parts)[torch.cat(rows).argsort()]
        mean, log_variance = self.to_posterior(summary).float().chunk(2, dim=1)
        return Posterior(mean, log_variance.clamp(-_LOG_VARIANCE_BOUND, _LOG_VARIANCE_BOUND))

    def elbo(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        noise: Float[Tensor, "molecule latent"],
        hidden: Bool[Tensor, "molecule position"] | None = None,
    ) -> tuple[Elbo, Posterior]:
        """Reconstruction and KL of each row for one draw of z, and the posterior drawn from.

        Args:
            ids: rows of symbols, END and PAD.
            lengths: symbols of each row, END included.
            noise: standard normal numbers for the draw.
            hidden: true where the decoder must not see the symbol it would continue from.
        """
        posterior = self.encode(ids, lengths)
        z = posterior.sample(noise)
        loss = z.new_empty(len(z))
        rows, parts = [], []
        for part, length in _by_length(lengths):
            target = ids[part, :length].t()
            seen = F.pad(target[:-1], (0, 0, 1, 0), value=START)
            if hidden is not None:
                seen = seen.masked_fill(hidden[part, :length].t(), PAD)
            logits = self._teacher_forced(seen, z[part])
            surprise = F.cross_entropy(logits, target.flatten(), reduction="none")
            rows.append(part)
            parts.append(surprise.view(length, -1).sum(0))
        loss = torch.cat(parts)[torch.cat(rows).argsort()]
        return Elbo(reconstruction=loss, kl=posterior.kl().sum(1)), posterior

    def start(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "layer molecule hidden"]:
        """The decoder's state before the first symbol."""
        states: Tensor = torch.tanh(self.to_state(z))
        return states.view(len(z), self.config.decoder_layers, -1).transpose(0, 1)

    def symbol_gates(self) -> Float[Tensor, "id gates"]:
        """What each symbol adds to the gates of the decoder's first layer."""
        weight, _, bias, _ = self._first.weights
        return F.linear(self.embedding.weight, weight[:, : self.config.embedding_size], bias)

    def latent_gates(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule gates"]:
        """What the latent vector adds to the gates of the decoder's first layer, at each step."""
        weight = self._first.weights[0]
        return F.linear(z, weight[:, self.config.embedding_size :])

    def step(
        self,
        gates: Float[Tensor, "molecule gates"],
        states: Float[Tensor, "layer molecule hidden"],
    ) -> tuple[Float[Tensor, "molecule id"], Float[Tensor, "layer molecule hidden"]]:
        """Logits of the next symbol and the new states, from the first layer's gates."""
        new: list[Tensor] = []
        for layer, state in zip(self.decoder, states, strict=True):
            recurrence: Recurrence = layer  # type: ignore[assignment]
            new.append(recurrence.step(recurrence.project(new[-1]) if new else gates, state))
        return self.to_logits(new[-1]), torch.stack(new)

    @property
    def _first(self) -> Recurrence:
        """The decoder's first layer."""
        layer: Recurrence = self.decoder[0]  # type: ignore[assignment]
        return layer

    def _summary(self, ids: Int[Tensor, "position molecule"]) -> Float[Tensor, "molecule summary"]:
        """Last states of both directions of the encoder's last layer."""
        inputs = self.embedding(ids)
        start = inputs.new_zeros(ids.shape[1], self.config.encoder_size)
        ahead = back = inputs
        for forwards, backwards in zip(self.forwards, self.backwards, strict=True):
            ahead = forwards(inputs, start)
            back = backwards(inputs.flip(0), start)
            inputs = torch.cat([ahead, back.flip(0)], dim=2)
        return torch.cat([ahead[-1], back[-1]], dim=1)

    def _teacher_forced(
        self, seen: Int[Tensor, "position molecule"], z: Float[Tensor, "molecule latent"]
    ) -> Float[Tensor, "row id"]:
        """Logits at every position of rows of one length, position by position."""
        inputs = torch.cat([self.embedding(seen), z.expand(len(seen), -1, -1)], dim=2)
        for layer, start in zip(self.decoder, self.start(z), strict=True):
            inputs = layer(inputs, start)
        logits: Tensor = self.to_logits(inputs.flatten(0, 1))
        return logits.float()


def _by_length(lengths: Int[Tensor, " molecule"]) -> Iterator[tuple[Int[Tensor, " row"], int]]:
    """The rows of each length that occurs, shortest first."""
    for length in torch.unique(lengths).tolist():
        yield torch.nonzero(lengths == length).flatten(), length


Device = Literal["auto", "cpu", "cuda", "mps"]


def pick_device(name: Device = "auto") -> torch.device:
    """The device of that name; `auto` takes cuda, else mps, else cpu.

    Raises:
        ConfigError: this machine has no such device.
    """
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = "cuda" if has["cuda"] else "mps" if has["mps"] else "cpu"
    if not has[name]:
        raise ConfigError(f"this machine has no {name} device; use --device auto")
    return torch.device(name)
