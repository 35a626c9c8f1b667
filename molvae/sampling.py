"""SampleStream: samples of a model's prior, read and judged in the order they are drawn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float32

from molvae.chem.notation import Selfies
from molvae.chem.screening import JudgedSelfies, MoleculeFilter, judge_selfies
from molvae.model.decoding_config import DecodingConfig, PriorName
from molvae.molecule_vae import MoleculeVAE, PriorSamples
from molvae.parallel import ordered_map

NOT_ROUND_TRIP = "not kept by its code"
"""Reason why a sample is refused that encoding and decoding does not give back."""


@dataclass(frozen=True)
class SamplingConfig:
    """Where samples come from, and which of them are accepted."""

    prior: PriorName | None = None
    """Prior of the latent vectors; None means the learned prior if the model has one."""
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    round_trips: bool = True
    """Refuse samples that encoding and decoding does not give back."""
    molecule_filter: MoleculeFilter = field(default_factory=MoleculeFilter)
    """Conditions on the molecules; a refused sample carries the reason."""
    seed: int = 0
    workers: int = 1
    """Processes that read samples and compute features for the acceptance."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a prior."""

    z: Float32[np.ndarray, " latent"]
    selfies: Selfies
    """SELFIES that z decodes to."""
    round_trips: bool
    """Whether encoding and decoding the SELFIES gives it back; always true for N(0, I)."""
    judged: JudgedSelfies | None
    """The molecule; None if it was not read, because the sample does not round-trip."""

    @property
    def refusal(self) -> str | None:
        """Reason why the sample is not accepted; None if it is."""
        return NOT_ROUND_TRIP if self.judged is None else self.judged.refusal


class SampleStream:
    """An iterator over batches of judged samples.

    The network samples the next batch while worker processes read the ones before. The samples do
    not depend on the number of workers.

        config = SamplingConfig(molecule_filter=MoleculeFilter(strict=True, canonical_only=True))
        for batch in SampleStream(model, config, batch_sizes=[1_024]):
            accepted = [sample for sample in batch if sample.refusal is None]

    Args:
        model: the model that is sampled.
        config: what is sampled.
        batch_sizes: number of samples in each batch; with the seed, they determine the samples.
        ahead: maximum number of batches that are read at a time.
    """

    def __init__(
        self,
        model: MoleculeVAE,
        config: SamplingConfig,
        batch_sizes: Iterable[int],
        ahead: int | None = None,
    ) -> None:
        self.model = model
        self.config = config
        self.batch_sizes = batch_sizes
        self.ahead = ahead or config.workers + 1

    def __iter__(self) -> Iterator[list[Sample]]:
        judge = partial(judge_selfies, molecule_filter=self.config.molecule_filter)
        answers = ordered_map(judge, self._items(), self.config.workers, self.ahead)
        for (drawn, is_read), judged in answers:
            rows = iter(judged)
            yield [
                Sample(z, selfies, bool(round_trips), next(rows) if reads else None)
                for z, selfies, round_trips, reads in zip(
                    drawn.latents, drawn.selfies_rows, drawn.round_trips, is_read, strict=True
                )
            ]

    def _items(self) -> Iterator[tuple[tuple[PriorSamples, list[bool]], list[Selfies]]]:
        """Batches of samples, with the SELFIES of those that are to be read."""
        config, generator = self.config, np.random.default_rng(self.config.seed)
        for size in self.batch_sizes:
            drawn = self.model.draw(size, generator, config.decoding, config.prior, config.workers)
            is_read = drawn.round_trips.tolist() if config.round_trips else [True] * size
            rows = [
                selfies for selfies, reads in zip(drawn.selfies_rows, is_read, strict=True) if reads
            ]
            yield (drawn, is_read), rows
