"""SampleStream: samples of a model's prior, read and judged in the order they are drawn."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat

import numpy as np
from jaxtyping import Float32

from molvae.chem.notation import Selfies
from molvae.chem.screening import JudgedSelfies, MoleculeFilter, judge_selfies
from molvae.model.decoding_config import DecodingConfig, PriorName
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import ordered_map

NOT_ROUND_TRIP = "not reconstructed"
"""Reason why a sample is refused that encoding and decoding does not give back."""


@dataclass(frozen=True)
class SamplingConfig:
    """Where samples come from, and which of them are accepted."""

    prior: PriorName | None = None
    """Prior of the latent vectors; None means the learned prior if the model has one."""
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    round_trips: bool = False
    """Refuse samples of a learned prior that encoding and decoding does not give back."""
    molecule_filter: MoleculeFilter = field(default_factory=MoleculeFilter)
    """Conditions on the molecules; a refused sample carries the reason."""
    seed: int = 0
    workers: int = 1
    """Processes that read samples and compute features for the acceptance."""
    target: Mapping[str, float] | None = None
    """Values of conditions that the model is given (see `MoleculeVAE.condition_names`)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a prior."""

    selfies: Selfies
    z: Float32[np.ndarray, " latent"] | None = None
    """Latent vector that decodes to the SELFIES; None if the language model wrote the SELFIES, and
    round trips are not asked for."""
    round_trips: bool | None = None
    """Whether encoding and decoding the SELFIES gives it back: always for N(0, I), unknown where
    round trips are not asked for."""
    judged: JudgedSelfies | None = None
    """The molecule; None if it was not read, because the sample does not round-trip."""
    is_moved: bool = False
    """Whether it was made from an earlier sample, see `molvae.guided_sampling`."""

    @property
    def refusal(self) -> str | None:
        """Reason why the sample is not accepted; None if it is."""
        return NOT_ROUND_TRIP if self.judged is None else self.judged.refusal


def batch_sizes(total: int, first: int, largest: int) -> Iterator[int]:
    """Sizes of batches of `total` samples, each twice as large as the one before, up to a limit."""
    size = first
    while total > 0:
        yield min(size, total)
        total -= size
        size = min(2 * size, largest)


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
        for samples, judged in ordered_map(judge, self._items(), self.config.workers, self.ahead):
            verdicts = iter(judged)
            yield [
                replace(sample, judged=next(verdicts)) if _is_read(sample) else sample
                for sample in samples
            ]

    def _items(self) -> Iterator[tuple[list[Sample], list[Selfies]]]:
        """Batches of samples, with the SELFIES of those that are to be read."""
        config = self.config
        generator = np.random.default_rng(config.seed)
        is_normal = self.model.prior_named(config.prior) == "normal"
        for size in self.batch_sizes:
            asked = (size, generator, config.decoding, config.prior, config.workers, config.target)
            if is_normal or config.round_trips:
                drawn = self.model.draw(*asked)
                trips = drawn.round_trips.tolist()
                # A vector decoded under conditions decodes to another molecule without them.
                is_plain = config.round_trips or not config.target
                latents = drawn.latents if is_plain else repeat(None)
                samples = list(map(Sample, drawn.selfies_rows, latents, trips))
            else:
                # As the language model wrote them.
                samples = list(map(Sample, self.model.write(*asked)))
            yield samples, [sample.selfies for sample in samples if _is_read(sample)]


def _is_read(sample: Sample) -> bool:
    return sample.round_trips is not False
