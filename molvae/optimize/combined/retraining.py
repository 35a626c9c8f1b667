"""Retrainer: adapts a model's decoders to the best molecules of a search."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from molvae.chem.notation import Selfies
from molvae.model.batching import pad_ids
from molvae.model.precision import writes_in_bfloat16
from molvae.model.threads import side_by_side
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.adam import Adam
from molvae.optimize.combined.combined_config import RetrainingConfig
from molvae.optimize.combined.sources.source import EncodedMolecule


class Retrainer:
    """A copy of a model whose decoder and language model are retrained during a search.

    The encoder stays as it is, and with it the code of each molecule: what changes is what the
    neighborhood of a good code decodes to, and what the learned prior generates (weighted
    retraining, Tripp et al. 2020; there the encoder is retrained too).
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
        # The acceptance is fitted to the original weights.
        network.acceptance = None
        self.model = MoleculeVAE(model.vocabulary, network, model.property_names)
        self._parameters = network.decoder_parameters()
        self._copied: dict[str, np.ndarray] | None = None
        self._original = self.weights()
        self.writer = self.model
        """A copy of `model` that decodes in bfloat16 where that is faster; else `model` itself."""
        self.version = 0
        """Number that changes whenever the weights do."""
        if self._is_half:
            self.writer = MoleculeVAE(model.vocabulary, deepcopy(network), model.property_names)
            self.writer.network.cast_decoders(torch.bfloat16)

    def retrain(
        self,
        elites: Sequence[EncodedMolecule],
        rehearsal: Sequence[EncodedMolecule],
        generator: np.random.Generator,
    ) -> None:
        """Update the decoders on the elites, best first, and on molecules not to be forgotten."""
        config = self._config
        optimizer = Adam(self._parameters.values(), config.learning_rate)
        chances = rank_weights(len(elites), config.rank_weight)
        for _ in range(config.updates):
            chosen = generator.choice(len(elites), config.batch_size, p=chances)
            batch = [elites[row] for row in chosen]
            if rehearsal and config.rehearsed:
                rows = generator.integers(len(rehearsal), size=config.rehearsed)
                batch += [rehearsal[row] for row in rows]
            self._update(optimizer, batch, generator)
        self.model.network.eval()
        self._weights_changed()

    def sample_original(self, n: int, seed: int = 0) -> list[Selfies]:
        """`n` samples of the original model's prior."""
        return self._given.draw(n, np.random.default_rng(seed)).selfies_rows

    def reset(self) -> None:
        """Restore the original weights."""
        self.restore(self._original)

    def weights(self) -> dict[str, np.ndarray]:
        """A copy of the weights that retraining changes."""
        if self._copied is None:
            self._copied = {
                name: weight.detach().cpu().numpy().copy()
                for name, weight in self._parameters.items()
            }
        return self._copied

    @torch.no_grad()
    def restore(self, weights: dict[str, np.ndarray]) -> None:
        """Continue from such a copy."""
        for name, parameter in self._parameters.items():
            parameter.copy_(torch.as_tensor(weights[name]))
        self._weights_changed()

    @torch.no_grad()
    def _weights_changed(self) -> None:
        """Update the writer after a change of the weights."""
        self.version += 1
        self._copied = None
        if self.writer is self.model:
            return
        theirs = self.writer.network.decoder_parameters()
        for name, parameter in self._parameters.items():
            theirs[name].copy_(parameter)

    def _update(
        self,
        optimizer: Adam,
        batch: Sequence[EncodedMolecule],
        generator: np.random.Generator,
    ) -> None:
        model, config = self.model, self._config
        deviation = np.stack([molecule.deviation for molecule in batch])
        noise = generator.standard_normal(deviation.shape, np.float32)
        z = np.stack([molecule.mean for molecule in batch]) + deviation * noise
        ids, lengths = pad_ids([model.vocabulary.encode(molecule.selfies) for molecule in batch])
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
    """1 / (k n + rank) for ranks 0, 1, ..., normalized to sum 1 (Tripp et al. 2020, eq. 3)."""
    weights = 1.0 / (k * n + np.arange(n, dtype=np.float64))
    normalized: np.ndarray = weights / weights.sum()
    return normalized
