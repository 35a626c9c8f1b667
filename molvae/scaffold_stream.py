"""ScaffoldStream: samples of the language model that contain a scaffold."""

from collections.abc import Iterator
from functools import partial
from itertools import chain, cycle

import numpy as np

from molvae.chem.attachment import Scaffold
from molvae.chem.notation import Selfies
from molvae.chem.open_positions import has_attachment_points, open_at_random
from molvae.chem.refusal import result_or_refusal
from molvae.chem.screening import JudgedSelfies, judge_selfies
from molvae.errors import ConfigError, MoleculeError
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import ordered_map
from molvae.sampling import Sample, SamplingConfig, batch_sizes
from molvae.scaffold_completion_config import CompleteConfig
from molvae.scaffold_sampling import CHANGED_SCAFFOLD, ScaffoldSource, ScaffoldTask

_FIRST_ROWS, _ROWS = 64, 512
"""Samples in the first batch and in the largest."""
_CHOICES = 32
"""Choices of attachment points that take turns, for a scaffold that has none."""
_PER_BATCH = 8
"""Choices of attachment points in one batch."""
_MAX_SUBSTITUENTS = 3
_JUDGED_TOGETHER = 128
_TRIES = 3
"""Tries for each choice, as some have been chosen before, and some structures cannot be written."""


class ScaffoldStream:
    """An iterator over batches of judged samples that contain a scaffold.

    The language model continues the scaffold at its attachment points. A scaffold without
    attachment points gets one to three, in place of random hydrogens; several such choices take
    turns. The samples depend on the seed alone, and fewer samples are the first of many.

    Args:
        model: model with a learned prior.
        scaffold: SMILES, with or without attachment points such as `[*:1]`.
        config: how tokens are chosen, and the filter that all samples have to pass.
        n: largest number of samples.

    Raises:
        ConfigError: the scaffold cannot be read, or nothing can be added to it.
        ModelError: the model has no learned prior.
    """

    def __init__(self, model: MoleculeVAE, scaffold: str, config: SamplingConfig, n: int) -> None:
        self.model = model
        self.scaffold = scaffold
        self.config = config
        self.n = n
        self._is_open = not has_attachment_points(scaffold)
        self._generator = np.random.default_rng(config.seed)
        self._sources: dict[str, ScaffoldSource] = {}
        self._refusal: MoleculeError | None = None
        if self._add_source() is None:
            raise ConfigError(
                f"`scaffold`: the model can add nothing to {scaffold!r} ({self._refusal})"
            )

    def __iter__(self) -> Iterator[list[Sample]]:
        judge = partial(judge_selfies, molecule_filter=self.config.molecule_filter)
        changed = Sample((), judged=JudgedSelfies((), refusal=CHANGED_SCAFFOLD))
        sources = self._take_turns()
        for size in batch_sizes(self.n, _FIRST_ROWS, _ROWS):
            draws: list[Selfies] = []
            for share in np.array_split(np.arange(size), _PER_BATCH if self._is_open else 1):
                draws += [draw.selfies for draw in next(sources).draw(len(share))]
            begins = range(0, len(draws), _JUDGED_TOGETHER)
            chunks = ((begin, draws[begin : begin + _JUDGED_TOGETHER]) for begin in begins)
            judged = chain.from_iterable(
                rows for _, rows in ordered_map(judge, chunks, self.config.workers)
            )
            # Samples that keep the scaffold come last: a generation may end within a batch.
            lost = [changed] * (size - len(draws))
            yield [*lost, *(Sample(row.selfies, judged=row) for row in judged)]

    def _take_turns(self) -> Iterator[ScaffoldSource]:
        """The sources over and over, each made when its first turn comes."""
        yield from list(self._sources.values())
        for _ in range(_CHOICES - 1 if self._is_open else 0):
            source = self._add_source()
            if source is not None:
                yield source
        yield from cycle(list(self._sources.values()))

    def _add_source(self) -> ScaffoldSource | None:
        """A source for a new choice of attachment points; None if none was found."""
        for _ in range(_TRIES if self._is_open else 1):
            number = int(self._generator.integers(1, _MAX_SUBSTITUENTS + 1))
            text = self.scaffold
            if self._is_open:
                text = open_at_random(text, number, self._generator)
            if text in self._sources:
                continue
            settings = CompleteConfig(decoding=self.config.decoding)
            task = ScaffoldTask(self.model, Scaffold.parse(text), settings, self._generator)
            source = result_or_refusal(task.source)
            if not isinstance(source, MoleculeError):
                self._sources[text] = source
                return source
            self._refusal = source
        return None
