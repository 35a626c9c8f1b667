"""TrainingLoop: the updates of a training, each described by a Step."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from molvae.dataset.batches import Batch, epoch_batches
from molvae.dataset.corpus import Corpus
from molvae.model.latents import Posterior, add_noise
from molvae.model.loss import kl_mask, property_errors, training_loss
from molvae.model.network import SequenceVAE
from molvae.training.config import TrainConfig
from molvae.training.process_group import ProcessGroup
from molvae.training.schedule import kl_weight, learning_rate

_WEIGHT_DECAY = 1e-4
"""Decoupled weight decay (Loshchilov & Hutter 2019)."""
_ALL_NOISE = 0.15
_SOME_NOISE = 0.15
"""Shares of a batch that a shared decoder sees with nothing but noise in place of z, and with some
noise; the rest trains reconstruction. Set by hand, and not tuned."""
_FLATTEN_STREAM, _RESPELL_STREAM, _CONDITION_STREAM = 1, 2, 3
"""Streams of random numbers of an update, besides that of its noise."""
_CLIP_NORM = 5.0
"""Largest norm of the gradient of the mean loss (Pascanu et al. 2013)."""


@dataclass(frozen=True)
class Step:
    """One update of the weights; losses are nats per molecule, means over the batch."""

    number: int
    """Updates made, this one included."""
    molecules: int
    losses: Mapping[str, float]
    """Losses by name: reconstruction and kl of the autoencoder; language, the NLL under the
    language model of the learned prior (0 without one). Only what is trained has a loss."""
    beta: float
    learning_rate: float
    gradient_norm: float
    progress: float
    """Share of the training that was done before this update, by count or by time."""
    stop_asked: bool
    """Whether the user asked the main process to end."""
    time_is_up: bool

    @property
    def is_finite(self) -> bool:
        """Whether the weights were updated; NaN or Inf leaves them as they were."""
        return math.isfinite(self.gradient_norm)


class TrainingLoop:
    """Updates the weights, epoch after epoch.

    All random numbers of update n come from the seed and n, so a training that is resumed at n
    continues as if it had not been interrupted, whatever the size of the process group.
    """

    def __init__(
        self,
        network: SequenceVAE,
        corpus: Corpus,
        indices: Int64[np.ndarray, " chosen"],
        config: TrainConfig,
        group: ProcessGroup,
        precision: torch.dtype,
    ) -> None:
        self.network = network
        self.corpus = corpus
        self.indices = indices
        self.config = config
        self.group = group
        self.precision = precision
        only_prior = config.only == "prior"
        self.parameters = network.prior_parameters() if only_prior else list(network.parameters())
        self.optimizer = torch.optim.AdamW(
            self.parameters, weight_decay=_WEIGHT_DECAY, fused=network.device.type != "mps"
        )
        self.steps_per_epoch = len(epoch_batches(corpus.lengths, indices, config.batch_size, 0, 0))
        self.step_scale = 1.0

    @property
    def total_steps(self) -> int:
        """Updates in all epochs."""
        return self.config.epochs * self.steps_per_epoch

    def steps(
        self, done: int, time_share: float, pace: Callable[[], tuple[float, bool]]
    ) -> Iterator[Step]:
        """Make the updates after the first `done`; none when the time is up.

        Args:
            done: updates made earlier.
            time_share: share of the time that had passed by then.
            pace: returns the share of the time that has passed, and whether to end soon; called
                by the main process once per update.
        """
        while done < self.total_steps and time_share < 1.0:
            epoch, position = divmod(done, self.steps_per_epoch)
            lengths, size, seed = self.corpus.lengths, self.config.batch_size, self.config.seed
            batches = epoch_batches(lengths, self.indices, size, seed, epoch)
            for rows in batches[position:]:
                progress = max(done / self.total_steps, time_share)
                batch = self._batch(rows, done)
                step, time_share = self._update(done, batch, progress, pace)
                done += 1
                yield step

    def _batch(self, rows: Int64[np.ndarray, " row"], done: int) -> Batch:
        """The molecules, some flat, respelled for the encoder, or without conditions."""
        flatten = self._row_mask(len(rows), self.config.flatten, done, _FLATTEN_STREAM)
        share = self.config.respell if self.corpus.views else 0.0
        respell = self._row_mask(len(rows), share, done, _RESPELL_STREAM)
        batch = self.corpus.batch(rows, flatten, respell)
        if batch.conditions is None:
            return batch
        generator = np.random.default_rng([self.config.seed, done, _CONDITION_STREAM])
        # The first column of the mask drops all conditions of a molecule.
        shape = (len(rows), 1 + batch.conditions.shape[1])
        is_dropped = generator.random(shape) < self.config.condition_dropout
        is_unknown = is_dropped[:, :1] | is_dropped[:, 1:]
        return replace(batch, conditions=np.where(is_unknown, np.float32(np.nan), batch.conditions))

    def _row_mask(
        self, n: int, share: float, done: int, stream: int
    ) -> Bool[np.ndarray, " row"] | None:
        """A random share of the rows of a batch."""
        if not share:
            return None
        # A stream of its own: the noise of a batch does not depend on this setting.
        generator = np.random.default_rng([self.config.seed, done, stream])
        mask: np.ndarray = generator.random(n) < share
        return mask

    def _update(
        self,
        done: int,
        batch: Batch,
        progress: float,
        pace: Callable[[], tuple[float, bool]],
    ) -> tuple[Step, float]:
        beta = kl_weight(self.config, progress)
        rate = self.step_scale * learning_rate(self.config, progress, 1 / self.total_steps)
        time_share, stop = pace() if self.group.is_main else (0.0, False)
        sums = self._backward(done, batch, beta)
        # What only the main process knows is summed with the gradients.
        shared = self._add_up(torch.tensor([*sums.values(), time_share, float(stop)]))
        n = len(batch.ids)
        norm = self._apply(rate, n)
        *totals, time_share, stop_asked = shared.tolist()
        step = Step(
            number=done + 1,
            molecules=n,
            losses={name: total / n for name, total in zip(sums, totals, strict=True)},
            beta=beta,
            learning_rate=rate,
            gradient_norm=norm,
            progress=progress,
            stop_asked=stop_asked > 0,
            time_is_up=time_share >= 1.0,
        )
        return step, time_share

    def _backward(self, done: int, batch: Batch, beta: float) -> dict[str, float]:
        """Compute the gradients of this process's rows; returns the sums of the losses."""
        for parameter in self.parameters:
            parameter.grad = None
        if len(batch.ids) <= self.group.rank:
            return self._empty_sums()
        # Noise is drawn for the whole batch, so that no row's noise depends on the process group.
        # Similar seeds and steps give unrelated random streams.
        seed = np.random.SeedSequence([self.config.seed, done]).generate_state(1, np.uint64)
        source = torch.Generator().manual_seed(int(seed[0]) >> 1)
        if self.config.only == "prior":
            loss, sums = self._prior_loss(batch)
        elif self.network.is_shared:
            loss, sums = self._noise_levels_loss(batch, beta, source)
        else:
            loss, sums = self._autoencoder_loss(batch, beta, source)
            language, prior_sums = self._prior_loss(batch)
            loss, sums = loss + language, sums | prior_sums
        loss.backward()  # type: ignore[no-untyped-call]
        return {name: float(total.detach()) for name, total in sums.items()}

    def _prior_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """NLL of the rows under a separate language model."""
        with self._autocast():
            ids, lengths = self._share(batch.ids), self._share(batch.lengths)
            nll = self.network.prior_nll(ids, lengths, self._conditions(batch)).sum()
        return nll, {"language": nll}

    def _autoencoder_loss(
        self, batch: Batch, beta: float, source: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the autoencoder and the property head, and the sums of reconstruction and KL."""
        noise = self._noise(batch, source)
        mask = self._word_dropout_mask(batch, source)
        ids, lengths = self._share(batch.ids), self._share(batch.lengths)
        with self._autocast():
            posterior = self._encode(batch)
            z = posterior.sample(noise)
            conditions = self._conditions(batch)
            nll = self.network.reconstruction_nll(ids, lengths, z, mask, conditions=conditions)
        kl = posterior.kl()
        counted = kl_mask(self._mean_kl(kl, len(batch.ids)), self.config.free_bits)
        loss = training_loss(nll, kl, beta, counted) + self._head_losses(batch, z)
        return loss, {"reconstruction": nll.sum(), "kl": kl.sum()}

    def _noise_levels_loss(
        self, batch: Batch, beta: float, source: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a decoder at all noise levels, each row at a level of its own.

        Reconstruction is that of the rows without noise and language that of the rows with nothing
        else, each scaled to the whole batch.
        """
        n = len(batch.ids)
        noise = self._noise(batch, source)
        mask = self._word_dropout_mask(batch, source)
        whole = draw_noise_levels(n, source)
        levels, level_noise = self._share(whole), self._noise(batch, source)
        ids, lengths = self._share(batch.ids), self._share(batch.lengths)
        with self._autocast():
            posterior = self._encode(batch)
            z = posterior.sample(noise)
            noisy = add_noise(z, levels, level_noise)
            conditions = self._conditions(batch)
            nll = self.network.reconstruction_nll(ids, lengths, noisy, mask, levels, conditions)
        kl = posterior.kl()
        counted = kl_mask(self._mean_kl(kl, n), self.config.free_bits)
        # A row that shows the decoder nothing of z has no reason to pay for it.
        has_signal = (levels < 1.0)[:, None]
        loss = training_loss(nll, kl * has_signal, beta, counted) + self._head_losses(batch, z)
        is_clean, is_noise = whole == 0.0, whole == 1.0
        return loss, {
            "reconstruction": (nll * (levels == 0.0)).sum() * (n / max(1, int(is_clean.sum()))),
            "kl": kl.sum(),
            "language": (nll * (levels == 1.0)).sum() * (n / max(1, int(is_noise.sum()))),
        }

    def _encode(self, batch: Batch) -> Posterior:
        """The posteriors of this process's rows, from the spellings that the encoder reads."""
        ids = batch.ids if batch.view_ids is None else batch.view_ids
        lengths = batch.lengths if batch.view_lengths is None else batch.view_lengths
        return self.network.encode(self._share(ids), self._share(lengths))

    def _conditions(self, batch: Batch) -> Tensor | None:
        """The conditions of this process's rows; None for a model without conditions."""
        return None if batch.conditions is None else self._share(batch.conditions)

    def _head_losses(self, batch: Batch, z: Tensor) -> Tensor:
        """Weighted squared errors of the heads; 0 without one."""
        loss = z.new_zeros(())
        if (head := self.network.head) is not None:
            errors = property_errors(head(z), head.standardise(self._share(batch.properties)))
            loss = loss + self.config.property_weight * errors.sum()
        fingerprints = self.network.fingerprint_head
        if fingerprints is not None and batch.fingerprints is not None:
            squares = fingerprints.squared_errors(z, self._share(batch.fingerprints))
            loss = loss + self.config.fingerprint_weight * squares.sum()
        return loss

    def _noise(self, batch: Batch, source: torch.Generator) -> Tensor:
        """Standard normal numbers for this process's rows."""
        shape = (len(batch.ids), self.network.config.latent_size)
        return self._share(torch.randn(shape, generator=source))

    def _word_dropout_mask(self, batch: Batch, source: torch.Generator) -> Tensor:
        mask = torch.rand(batch.ids.shape, generator=source) < self.config.word_dropout
        return self._share(mask)

    def _empty_sums(self) -> dict[str, float]:
        """The sums in a process that has no molecule of the batch."""
        if self.config.only is not None:
            return {"language": 0.0}
        # The other processes take part in this sum over the process group.
        latent, device = self.network.config.latent_size, self.network.device
        self._mean_kl(torch.zeros(0, latent, device=device), 1)
        return {"reconstruction": 0.0, "kl": 0.0, "language": 0.0}

    def _share(self, rows: Tensor | np.ndarray) -> Tensor:
        """This process's rows of a whole batch, on the network's device."""
        mine = torch.as_tensor(rows)[self.group.rank :: self.group.size]
        return mine.to(self.network.device)

    def _mean_kl(self, kl: Tensor, n: int) -> Tensor:
        """Mean KL of each dimension, over the whole batch where free bits need it."""
        sums = kl.detach().sum(0)
        return (self.group.all_reduce(sums) if self.config.free_bits else sums) / n

    def _add_up(self, extra: Tensor) -> Tensor:
        """Sum the gradients, and `extra` with them, over the process group; the sum of `extra`."""
        if self.group.size == 1:
            return extra
        gradients = [_gradient(parameter) for parameter in self.parameters]
        flat = torch.cat([*(g.flatten() for g in gradients), extra.to(self.network.device)])
        sizes = [*(g.numel() for g in gradients), len(extra)]
        *pieces, extra_sum = torch.split(self.group.all_reduce(flat), sizes)
        for parameter, piece in zip(self.parameters, pieces, strict=True):
            parameter.grad = piece.view_as(parameter)
        return extra_sum

    def _apply(self, rate: float, n: int) -> float:
        """One step of AdamW on the mean gradient of `n` molecules; the gradient's norm."""
        gradients = [_gradient(parameter) for parameter in self.parameters]
        norm = float(torch.nn.utils.get_total_norm(gradients)) / n
        if not math.isfinite(norm):
            return norm
        scale = min(1.0, _CLIP_NORM / (norm + 1e-12)) / n
        torch._foreach_mul_(gradients, scale)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return norm

    def _autocast(self) -> AbstractContextManager[object]:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.network.device.type, self.precision)


def draw_noise_levels(n: int, source: torch.Generator) -> Float[Tensor, " molecule"]:
    """A noise level in [0, 1] for each row of a batch: most 0, some 1, the rest in between."""
    levels = torch.zeros(n)
    n_noise, n_between = round(_ALL_NOISE * n), round(_SOME_NOISE * n)
    order = torch.randperm(n, generator=source)
    levels[order[:n_noise]] = 1.0
    levels[order[n_noise : n_noise + n_between]] = torch.rand(n_between, generator=source)
    return levels


def _gradient(parameter: Tensor) -> Tensor:
    """The gradient of a parameter; zeros if the batch did not use the parameter."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    gradient: Tensor = parameter.grad
    return gradient
