"""Source: latent vectors near the codes of good molecules."""

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


class NeighborsSource:
    """Posterior samples of good molecules, wider or narrower than the posterior."""

    stage = Stage.DECODING
    parent_lists = 1
    per_round = 0

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 8 * n if has_lead else 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[DecodingJob]:
        temperature = sample_temperature(generator)
        templates = [
            Candidate(
                None, _near(code, parent.scale, generator), SourceName.NEIGHBORS, parent.smiles
            )
            for parent in parents[0]
            if (code := parent.code)
        ]
        return [DecodingJob(templates, temperature)]


def _near(code: EncodedMolecule, scale: float, generator: np.random.Generator) -> np.ndarray:
    noise = generator.standard_normal(code.mean.shape, np.float32)
    return perturb(code.mean, code, scale, noise)


def build(_: SourceContext) -> NeighborsSource:
    """The source of a search."""
    return NeighborsSource()
