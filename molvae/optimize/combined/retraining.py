"""Retraining of a model's decoders on what a search found, so that its space recentres there."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Float64
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from molvae.chem.notation import Selfies
from molvae.model.network import padded_ids
from molvae.model.precision import writes_in_bfloat16
from molvae.model.threads import side_by_side
from molvae.molecule_vae import MoleculeVAE
from molvae.settings import Settings


class RetrainingConfig(Settings):
    """How, and how much at a time."""

    updates: NonNegativeInt = 6
    """Of the weights, each time; 0 leaves the model as it is."""
    every: PositiveInt = 64
    """Calls between two times; two batches where those are larger."""
    elites: PositiveInt = 100
    """The best molecules so far, on which it is trained."""
    batch_size: PositiveInt = 32
    """Elites in an update."""
    rehearsed: NonNegativeInt = 16
    """Molecules of the model's own prior in an update, lest it forgets what molecules are."""
    rank_weight: PositiveFloat = 0.01
    """k in the weight 1 / (k N + rank) of an elite (Tripp et al. 2020, eq. 3)."""
    learning_rate: PositiveFloat = 5e-4
    clip_norm: PositiveFloat = 5.0
    """Longest gradient, in nats per molecule and unit of the weights."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the matrix products, where the search decodes too; bfloat16 is about twice as fast on the
    processors that have it, and there auto takes it, and draws of the prior are written in it."""


@dataclass(frozen=True)
class Coded:
    """A molecule as the model sees it."""

    selfies: Selfies
    mean: Float32[np.ndarray, " latent"]
    """Of its posterior; so is the deviation."""
    deviation: Float32[np.ndarray, " latent"]


class Retrainer:
    """A copy of a model whose decoder and language model follow a search.

    The encoder stays as it is, and with it the code of every molecule: what changes is what the
    neighborhood of a good code decodes to, and what the learned prior makes up (weighted
    retraining, Tripp et al. 2020; there the encoder moves too).
    """

    def __init__(self, model: MoleculeVAE, config: RetrainingConfig, cores: int = 1) -> None:
        self._config = config
        self._cores = cores
        self._given = model
        self._is_half = (
            writes_in_bfloat16(model.device)
            if config.precision == "auto"
            else config.precision == "bfloat16"
        )
        network = deepcopy(model.network)
        # It belongs to the weights as given.
        network.acceptance = None
        self.model = MoleculeVAE(model.vocabulary, network, model.property_names)
        self._parameters = network.decoder_parameters()
        self._copied: dict[str, np.ndarray] | None = None
        self._original = self.weights()
        self.writer = self.model
        """Decodes as `model` does, faster where products in bfloat16 are."""
        if self._is_half:
            self.writer = MoleculeVAE(model.vocabulary, deepcopy(network), model.property_names)
            self.writer.network.cast_decoders(torch.bfloat16)

    def retrain(
        self,
        elites: Sequence[Coded],
        rehearsal: Sequence[Coded],
        generator: np.random.Generator,
    ) -> None:
        """A few updates on the elites, best first, and on molecules to be remembered."""
        config = self._config
        optimizer = torch.optim.Adam(self._parameters.values(), config.learning_rate)
        chances = rank_weights(len(elites), config.rank_weight)
        for _ in range(config.updates):
            chosen = generator.choice(len(elites), config.batch_size, p=chances)
            batch = [elites[place] for place in chosen]
            if rehearsal and config.rehearsed:
                kept = generator.integers(len(rehearsal), size=config.rehearsed)
                batch += [rehearsal[place] for place in kept]
            self._update(optimizer, batch, generator)
        self.model.network.eval()
        self._weights_changed()

    def made_up(self, n: int, seed: int = 0) -> list[Selfies]:
        """`n` draws of the prior of the model as it was given."""
        return self._given.draw(n, np.random.default_rng(seed)).selfies_rows

    def reset(self) -> None:
        """Back to the model as it was given."""
        self.restore(self._original)

    def weights(self) -> dict[str, np.ndarray]:
        """A copy of all that retraining changes; the same one until it does."""
        if self._copied is None:
            self._copied = {
                name: one.detach().cpu().numpy().copy() for name, one in self._parameters.items()
            }
        return self._copied

    @torch.no_grad()
    def restore(self, weights: dict[str, np.ndarray]) -> None:
        """Take up such a copy."""
        for name, parameter in self._parameters.items():
            parameter.copy_(torch.as_tensor(weights[name]))
        self._weights_changed()

    @torch.no_grad()
    def _weights_changed(self) -> None:
        """Let the writer follow, and forget the copy."""
        self._copied = None
        if self.writer is self.model:
            return
        theirs = self.writer.network.decoder_parameters()
        for name, parameter in self._parameters.items():
            theirs[name].copy_(parameter)

    def _update(
        self,
        optimizer: torch.optim.Optimizer,
        batch: Sequence[Coded],
        generator: np.random.Generator,
    ) -> None:
        model, config = self.model, self._config
        deviation = np.stack([one.deviation for one in batch])
        noise = generator.standard_normal(deviation.shape, np.float32)
        z = np.stack([one.mean for one in batch]) + deviation * noise
        ids, lengths = padded_ids([model.vocabulary.encode(one.selfies) for one in batch])
        ids, lengths = ids.to(model.device), lengths.to(model.device)
        optimizer.zero_grad()
        context = torch.as_tensor(z, device=model.device)
        losses = [
            partial(self._differentiate, loss)
            for loss in model.network.decoder_losses(ids, lengths, context)
        ]
        side_by_side(model.device, losses, self._cores)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters.values(), config.clip_norm)
        if torch.isfinite(norm):
            optimizer.step()

    def _differentiate(self, loss: Callable[[], Tensor]) -> None:
        """Add the gradient of a loss to the parameters that it depends on."""
        device = self.model.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self._is_half):
            value = loss()
        value.backward()  # type: ignore[no-untyped-call]


def rank_weights(n: int, k: float) -> Float64[np.ndarray, " rank"]:
    """1 / (k n + rank) for ranks 0, 1, ..., scaled to sum to 1 (Tripp et al. 2020, eq. 3)."""
    weights = 1.0 / (k * n + np.arange(n, dtype=np.float64))
    scaled: np.ndarray = weights / weights.sum()
    return scaled
