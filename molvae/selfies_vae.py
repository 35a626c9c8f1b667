"""SelfiesVAE: a vocabulary, a network and a prior, from SELFIES to latent vectors and back."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from molvae.chem.notation import Selfies, is_single_bonded
from molvae.chem.similarity import selfies_substructures
from molvae.errors import ConfigError, ModelError, MoleculeError
from molvae.model.acceptance import FeatureCounts, Item, Resampler
from molvae.model.batching import by_length, pad_ids
from molvae.model.decoding_config import GREEDY, DecodingConfig, PriorName
from molvae.model.latents import as_latents
from molvae.model.network import SequenceVAE
from molvae.model.prior import NormalPrior, Prior, PushForwardPrior
from molvae.model.prompt import Prompts
from molvae.model_card import ModelCard
from molvae.parallel import ordered_map
from molvae.settings import suggestion
from molvae.vocabulary import Vocabulary

_ROWS = 512
"""Molecules in a batch."""
_REFINED_TOGETHER = 128
"""Molecules in a batch that is refined: the hidden states of more leave a processor's cache."""


@dataclass(frozen=True)
class PriorSamples:
    """Samples of a prior: latent vectors, and the SELFIES that they decode to."""

    latents: Float32[np.ndarray, "molecule latent"]
    selfies_rows: list[Selfies]
    round_trips: Bool[np.ndarray, " molecule"]
    """Whether encoding a sample and decoding its latent vector gives the same SELFIES. All true for
    N(0, I), whose latent vectors are sampled directly."""


class SelfiesVAE:
    """A variational autoencoder of SELFIES: the part of `MoleculeVAE` that needs no molecules.

    Args:
        vocabulary: the tokens.
        network: the network, for the ids of the vocabulary.
        property_names: properties that the network's head predicts.
        card: description of the training, see `ModelCard`.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        network: SequenceVAE,
        property_names: tuple[str, ...] = (),
        card: Mapping[str, Any] | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.network = network.eval()
        self.network.grammar = vocabulary.grammar
        self.property_names = property_names
        self.card = ModelCard(card or {})

    @property
    def prior(self) -> Prior:
        """The learned prior if the model has one, else N(0, I)."""
        if not self.network.has_prior:
            return NormalPrior(self.latent_size)
        return self._build_prior(self._resampler())

    @property
    def latent_size(self) -> int:
        """Number of dimensions of the latent space."""
        return self.network.config.latent_size

    @property
    def condition_names(self) -> tuple[str, ...]:
        """Properties that the decoders can be given; empty for a model without conditions."""
        return self.network.config.condition_on

    @property
    def condition_ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of each condition in the training data."""
        conditions = self.network.conditions
        if conditions is None:
            return {}
        bounds = torch.stack([conditions.low, conditions.high], dim=1).tolist()
        return {
            name: (low, high)
            for name, (low, high) in zip(self.condition_names, bounds, strict=True)
        }

    @property
    def greedy(self) -> DecodingConfig:
        """Settings of greedy decoding, up to the length of the training molecules."""
        return GREEDY.with_changes({"max_symbols": self.card.max_symbols})

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        return self.network.device

    def refine(
        self, selfies_rows: Sequence[Selfies], latents: Float32[np.ndarray, "molecule latent"]
    ) -> Float32[np.ndarray, "molecule latent"]:
        """Latent vectors close to those given that decode to the SELFIES, wherever possible.

        The encoder is not perfect: a molecule's posterior mean may decode to another molecule,
        although there is a latent vector near it that decodes to the molecule itself. It is found
        by a few steps along the gradient of the decoder's likelihood (semi-amortized inference,
        Kim et al. 2018). A latent vector that decodes to its SELFIES is returned as it is, one for
        which 40 steps are not enough as it is after them.

        Args:
            selfies_rows: SELFIES of molecules.
            latents: a latent vector for each, such as its posterior mean.

        Raises:
            MoleculeError: a SELFIES has a symbol that the vocabulary lacks.
        """
        z = as_latents(latents, self.latent_size)
        refined = np.empty((len(z), self.latent_size), np.float32)
        for batch, ids, lengths in self.batches(selfies_rows, _REFINED_TOGETHER):
            rows = self.network.refine(ids, lengths, z[batch].to(self.device))
            refined[batch] = rows.cpu().numpy()
        return refined

    def latents(
        self, selfies_rows: Sequence[Selfies], *, refine: bool = False
    ) -> Float32[np.ndarray, "molecule latent"]:
        """The latent vector of each SELFIES: its posterior mean, or a refined one.

        Args:
            selfies_rows: SELFIES of molecules.
            refine: whether the means are refined, see `refine`.

        Raises:
            MoleculeError: a SELFIES is empty, or has a symbol that the vocabulary lacks.
        """
        mean, _ = self.posterior(selfies_rows)
        return self.refine(selfies_rows, mean) if refine else mean

    @torch.inference_mode()
    def posterior(
        self, selfies_rows: Sequence[Selfies]
    ) -> tuple[Float32[np.ndarray, "molecule latent"], Float32[np.ndarray, "molecule latent"]]:
        """Mean and standard deviation of the posterior of each SELFIES.

        Raises:
            MoleculeError: a SELFIES is empty, or has a symbol that the vocabulary lacks.
        """
        if not all(selfies_rows):
            raise MoleculeError("no symbols", "an empty SELFIES has no posterior")
        mean = np.empty((len(selfies_rows), self.latent_size), np.float32)
        deviation = np.empty_like(mean)
        for batch, ids, lengths in self.batches(selfies_rows):
            posterior = self.network.encode(ids, lengths)
            mean[batch] = posterior.mean.cpu().numpy()
            deviation[batch] = torch.exp(0.5 * posterior.log_variance).cpu().numpy()
        return mean, deviation

    @torch.inference_mode()
    def nll(self, selfies_rows: Sequence[Selfies]) -> Float32[np.ndarray, " molecule"]:
        """-log p of each SELFIES under the learned prior's language model, in nats.

        Raises:
            ModelError: the model has no learned prior.
            MoleculeError: a SELFIES has a symbol that the vocabulary lacks.
        """
        if not self.network.has_prior:
            raise ModelError("this model has no learned prior; use the normal one")
        nll = np.empty(len(selfies_rows), np.float32)
        for batch, ids, lengths in self.batches(selfies_rows):
            nll[batch] = self.network.prior_nll(ids, lengths).cpu().numpy()
        return nll

    def batches(
        self, selfies_rows: Sequence[Selfies], size: int = _ROWS
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Indices, padded ids and lengths of SELFIES, in batches of similar length.

        Raises:
            MoleculeError: a SELFIES has a symbol that the vocabulary lacks.
        """
        rows = [self.vocabulary.encode(selfies) for selfies in selfies_rows]
        for batch in by_length([len(row) for row in rows], size):
            ids, lengths = pad_ids([rows[index] for index in batch])
            yield batch, ids.to(self.device), lengths.to(self.device)

    def decode_symbols(
        self,
        latents: Float[np.ndarray, "molecule latent"],
        config: DecodingConfig | None = None,
        seed: int = 0,
        temperatures: Float32[np.ndarray, " molecule"] | None = None,
        noise_levels: Float32[np.ndarray, " molecule"] | None = None,
        target: Mapping[str, float] | None = None,
    ) -> Iterator[Selfies]:
        """The SELFIES at each latent vector, in order.

        Args:
            latents: latent vectors.
            config: how tokens are chosen; None decodes greedily.
            seed: random seed, for tokens that are sampled.
            temperatures: one per latent vector, instead of that of the settings.
            noise_levels: in [0, 1], how noisy each latent vector is, for a decoder that is shared
                with the language model; None means 0.
            target: values of `condition_names` that the decoder is given.

        Raises:
            ConfigError: the model is not conditioned on a property of the target.
        """
        generator = torch.Generator(self.device).manual_seed(seed)
        z = as_latents(latents, self.latent_size)
        conditions = self._conditions(target)
        for rows in (slice(begin, begin + _ROWS) for begin in range(0, len(z), _ROWS)):
            batch_temperatures, batch_levels = (
                None if values is None else torch.as_tensor(values[rows], device=self.device)
                for values in (temperatures, noise_levels)
            )
            ids = self.network.decode(
                z[rows].to(self.device),
                config or self.greedy,
                generator,
                batch_temperatures,
                batch_levels,
                None if conditions is None else conditions.expand(len(z[rows]), -1),
            )
            yield from self._read(ids)

    def draw(
        self,
        n: int,
        generator: np.random.Generator,
        config: DecodingConfig | None = None,
        prior: PriorName | None = None,
        workers: int = 1,
        target: Mapping[str, float] | None = None,
    ) -> PriorSamples:
        """`n` samples of a prior, decoded.

        Args:
            n: number of samples.
            generator: source of randomness.
            config: how tokens are chosen: by the language model of the learned prior, whose
                samples are then encoded and decoded greedily; by the decoder for N(0, I).
            prior: name of the prior; None takes the learned one if the model has it.
            workers: processes that compute the features for the acceptance while the network
                samples; the result is the same for any number.
            target: values of `condition_names`. No sample is then rejected by the acceptance, which
                was fitted to samples without conditions. The decoder for N(0, I) gets them too.

        Raises:
            ModelError: the model has no learned prior.
            ConfigError: `n` is negative, or the model is not conditioned on a property of the
                target.
            WorkerError: a worker process died.
        """
        _check_count(n)
        source = self._random_source(generator)
        config = config or self._sampling
        conditions = self._conditions(target)
        if self.prior_named(prior) != "normal":
            learned = self._pick_prior("push-forward" if target else prior, workers)
            made = learned.draw(n, config, source, conditions)
            latents: np.ndarray = made.latents.cpu().numpy()
            return PriorSamples(latents, self._read(made.decoded), made.round_trips.cpu().numpy())
        z = NormalPrior(self.latent_size).sample(n, source)
        rows = None if conditions is None else conditions.expand(n, -1)
        ids = self.network.decode(z, config, source, conditions=rows)
        return PriorSamples(z.cpu().numpy(), self._read(ids), np.ones(n, dtype=np.bool_))

    def write(
        self,
        n: int,
        generator: np.random.Generator,
        config: DecodingConfig | None = None,
        prior: PriorName | None = None,
        workers: int = 1,
        target: Mapping[str, float] | None = None,
    ) -> list[Selfies]:
        """`n` SELFIES sampled by the language model of the learned prior.

        Unlike those of `draw` they are not encoded, so it is open whether their latent vectors
        decode to them. The arguments and errors are those of `draw`.
        """
        _check_count(n)
        source = self._random_source(generator)
        learned = self._pick_prior("push-forward" if target else prior, workers)
        conditions = self._conditions(target)
        return self._read(learned.write(n, config or self._sampling, source, conditions))

    def continue_selfies(
        self,
        prefixes: Sequence[Selfies],
        generator: np.random.Generator,
        config: DecodingConfig | None = None,
    ) -> list[Selfies]:
        """Each beginning of a SELFIES, continued by the language model of the learned prior.

        An atom with a single bond follows each beginning.

        Args:
            prefixes: beginnings of at least one symbol.
            generator: source of randomness.
            config: how tokens are chosen; None samples from the language model's distribution.

        Raises:
            ModelError: the model has no learned prior.
            MoleculeError: a beginning is empty, or has a symbol that the vocabulary lacks.
        """
        if not all(prefixes):
            raise MoleculeError("no symbols", "an empty SELFIES cannot be continued")
        source = self._random_source(generator)
        rows = self.vocabulary.encode_batch(prefixes) if prefixes else []
        longer = [self.vocabulary.extensions(row[-1], is_single_bonded) for row in rows]
        following = self.vocabulary.beginning_with(is_single_bonded)
        n_ids = len(self.vocabulary)
        continued: list[Selfies] = []
        for begin in range(0, len(rows), _ROWS):
            batch = slice(begin, begin + _ROWS)
            prompts = Prompts.build(rows[batch], longer[batch], following, n_ids, self.device)
            sequences = self.network.continue_prior(prompts, config or self._sampling, source)
            continued += self._read(sequences.ids)
        return continued

    def prior_named(self, name: PriorName | None) -> PriorName:
        """The name itself, or that of the model's own prior for None.

        Raises:
            ConfigError: no prior has that name.
        """
        if name is not None and name not in get_args(PriorName):
            raise ConfigError(f"no prior {name!r}{suggestion(name, list(get_args(PriorName)))}")
        return name or ("learned" if isinstance(self.prior, PushForwardPrior) else "normal")

    def prior_latents(
        self, n: int, generator: np.random.Generator
    ) -> Float32[np.ndarray, "molecule latent"]:
        """`n` latent vectors sampled from the prior."""
        source = self._random_source(generator)
        latents: np.ndarray = self.prior.sample(n, source).cpu().numpy()
        return latents

    @torch.inference_mode()
    def log_density(
        self, latents: Float[np.ndarray, "molecule latent"]
    ) -> Float32[np.ndarray, " molecule"]:
        """Log-density of the prior in nats; for a learned prior a lower bound."""
        z = as_latents(latents, self.latent_size).to(self.device)
        values: np.ndarray = self.prior.log_density(z).cpu().numpy()
        return values

    @torch.inference_mode()
    def predict(
        self, latents: Float[np.ndarray, "molecule latent"]
    ) -> Float32[np.ndarray, "molecule property"]:
        """The property head's predictions, in the units of the training data.

        Raises:
            ModelError: the model was trained without property columns.
        """
        if self.network.head is None:
            raise ModelError("this model predicts no properties; train it with `property_columns`")
        z = as_latents(latents, self.latent_size).to(self.device)
        values: np.ndarray = self.network.head.predict(z).cpu().numpy()
        return values

    def _conditions(self, target: Mapping[str, float] | None) -> Tensor | None:
        """The target as values of the conditions, NaN where unknown; None without a target.

        Raises:
            ConfigError: the model is not conditioned on a property of the target, or a value is not
                finite.
        """
        if not target:
            return None
        names = self.condition_names
        if unknown := [name for name in target if name not in names]:
            known = f"only on {', '.join(names)}" if names else "on nothing"
            raise ConfigError(
                f"this model is conditioned {known}, so it cannot be given {', '.join(unknown)}; "
                "train it with `condition_on`, or use generate(), which guides any model"
            )
        if not all(map(math.isfinite, target.values())):
            raise ConfigError(f"the values of `target` must be finite numbers: {dict(target)}")
        values = [target.get(name, np.nan) for name in names]
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    def _random_source(self, generator: np.random.Generator) -> torch.Generator:
        """A generator of torch on the device, seeded by the next number of the other one."""
        return torch.Generator(self.device).manual_seed(int(generator.integers(2**63)))

    @property
    def _sampling(self) -> DecodingConfig:
        """Settings of sampling, up to the length of the training molecules."""
        return DecodingConfig(max_symbols=self.card.max_symbols)

    def _pick_prior(self, name: PriorName | None, workers: int) -> PushForwardPrior:
        """The learned prior, without its acceptance where the name asks for that."""
        return self._build_prior(None if name == "push-forward" else self._resampler(workers))

    def _build_prior(self, resampler: Resampler | None) -> PushForwardPrior:
        retokenize = self._retokenize if self.vocabulary.merges else None
        return PushForwardPrior(self.network, resampler, self.card.max_symbols, retokenize)

    def _retokenize(self, ids: Tensor) -> Tensor:
        """Sequences of the same molecules, split into tokens as the vocabulary encodes them."""
        rows = self.vocabulary.encode_batch(self._read(ids))
        return pad_ids(rows)[0].to(self.device) if rows else ids

    def _resampler(self, workers: int = 1) -> Resampler | None:
        acceptance = self.network.acceptance
        if acceptance is None:
            return None
        return Resampler(acceptance, partial(self._count_features, workers=workers))

    def _count_features(
        self, batches: Iterable[tuple[Item, Tensor]], workers: int
    ) -> Iterator[tuple[Item, FeatureCounts]]:
        """Counts of substructures in the molecules of each batch, for the acceptance."""
        items = ((item, self._read(ids)) for item, ids in batches)
        # Only as far ahead as keeps the workers busy: what is ahead at the end is discarded.
        for item, counts in ordered_map(selfies_substructures, items, workers, workers + 1):
            yield item, torch.from_numpy(counts).to(self.device)

    def _read(self, ids: Tensor) -> list[Selfies]:
        return [self.vocabulary.decode(row) for row in ids.tolist()]


def _check_count(n: int) -> None:
    """Raise a ConfigError if a number of samples is negative."""
    if n < 0:
        raise ConfigError(f"n = {n}: the number of samples must be 0 or more")
