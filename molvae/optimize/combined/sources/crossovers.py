"""Source: latent vectors between the codes of two good molecules."""

from collections.abc import Sequence

import numpy as np

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import (
    DecodingJob,
    EncodedMolecule,
    Parent,
    SourceContext,
    Stage,
    perturb,
)
from molvae.optimize.combined.sources.temperature import sample_temperature

_SWAPPED = (0.1, 0.25, 0.5)
"""Fractions of the coordinates that are taken from the second parent."""
_MIXED = (0.1, 0.6)
"""Range of the second parent's weight in a linear mixture."""
_NOISE = 0.3
"""Noise of a child, as a fraction of the first parent's distance."""


class CrossoversSource:
    """Children of two codes: coordinates swapped, or both codes mixed linearly; with noise."""

    stage = Stage.DECODING
    parent_lists = 2
    per_round = 0

    def __init__(self, radius: float) -> None:
        self._radius = radius

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[DecodingJob]:
        temperature = sample_temperature(generator)
        templates = [
            Candidate(
                None,
                _recombine(first.code, second.code, self._radius * first.scale, generator),
                SourceName.CROSSOVERS,
                first.smiles,
            )
            for first, second in zip(*parents, strict=False)
            if first.code and second.code
        ]
        return [DecodingJob(templates, temperature)]


def _recombine(
    first: EncodedMolecule, second: EncodedMolecule, scale: float, generator: np.random.Generator
) -> np.ndarray:
    if generator.random() < 0.5:
        fraction = generator.choice(_SWAPPED)
        is_swapped = generator.random(len(first.mean)) < fraction
        mixed = np.where(is_swapped, second.mean, first.mean)
    else:
        weight = np.float32(generator.uniform(*_MIXED))
        mixed = (1 - weight) * first.mean + weight * second.mean
    noise = generator.standard_normal(first.mean.shape, np.float32)
    return perturb(mixed, first, _NOISE * scale, noise).astype(np.float32)


def build(context: SourceContext) -> CrossoversSource:
    """The source of a search."""
    return CrossoversSource(context.radius)
