"""Source: codes of good molecules, decoded by sampling."""

from collections.abc import Sequence

import numpy as np

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import DecodingJob, Parent, SourceContext, Stage


class RewritesSource:
    """Decoder samples at the codes of good molecules."""

    stage = Stage.DECODING
    parent_lists = 1
    per_round = 0

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 2 * n if has_lead else 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[DecodingJob]:
        templates = [
            Candidate(None, parent.code.mean, SourceName.REWRITES, parent.smiles)
            for parent in parents[0]
            if parent.code
        ]
        return [DecodingJob(templates, temperature=1.0)]


def build(_: SourceContext) -> RewritesSource:
    """The source of a search."""
    return RewritesSource()
