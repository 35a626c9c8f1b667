"""Source: samples of the model's prior."""

from collections.abc import Sequence

import numpy as np

from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import Parent, SamplingJob, SourceContext, Stage


class PriorSource:
    """Prior samples of the retrained model."""

    stage = Stage.DECODING
    parent_lists = 0
    per_round = 0

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 0 if has_lead else 2 * n

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[SamplingJob]:
        return [SamplingJob(n, SourceName.PRIOR)]


def build(_: SourceContext) -> PriorSource:
    """The source of a search."""
    return PriorSource()
