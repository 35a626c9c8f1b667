"""Source: latent vectors near the codes of good molecules."""

from collections.abc import Sequence

import numpy as np

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.noise_calibration import noisy_latents
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import (
    DecodingJob,
    Parent,
    SourceContext,
    Stage,
    perturb,
)
from molvae.optimize.combined.sources.temperature import sample_temperature

_HALVING = 2.0
"""Similarity exp(-distance / 2) to the parent, where it is stated: 0.61 at a distance of 1."""


class NeighborsSource:
    """Latent vectors around the codes of good molecules, decoded.

    A decoder that is shared with the language model is told the level of the noise in them, which
    is chosen for a similarity to the parent. For another decoder they are posterior samples, wider
    or narrower than the posterior.
    """

    stage = Stage.DECODING
    parent_lists = 1
    per_round = 0

    def __init__(self, context: SourceContext) -> None:
        self._noise = context.noise
        self._radius = context.radius

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 8 * n if has_lead else 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[DecodingJob]:
        known = [(parent.smiles, parent.scale, parent.code) for parent in parents[0] if parent.code]
        if not known:
            return []
        smiles, scales, codes = zip(*known, strict=True)
        # The similarity is calibrated for greedy decoding; the noise makes neighbors diverse.
        temperature, levels = 0.0, None
        if self._noise is None:
            temperature = sample_temperature(generator)
            latents = []
            for _, scale, code in known:
                noise = generator.standard_normal(code.mean.shape, np.float32)
                latents.append(perturb(code.mean, code, self._radius * scale, noise))
        else:
            levels = self._noise.level_at(np.exp(-np.array(scales) / _HALVING))
            latents = list(
                noisy_latents(np.stack([code.mean for code in codes]), levels, generator)
            )
        templates = [
            Candidate(None, z, SourceName.NEIGHBORS, name)
            for z, name in zip(latents, smiles, strict=True)
        ]
        return [DecodingJob(templates, temperature, levels)]


def build(context: SourceContext) -> NeighborsSource:
    """The source of a search."""
    return NeighborsSource(context)
