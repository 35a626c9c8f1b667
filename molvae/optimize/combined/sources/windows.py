"""Source: a few tokens in a row of good molecules, written anew."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import NetworkJob, Parent, SourceContext, Stage
from molvae.optimize.combined.token_windows import rewrite_tokens

_LENGTHS = (2, 3)
"""Tokens of a window: 5 % of such children are better than their parents, and 3 % of those in which
up to six tokens are replaced by a few more or fewer."""
_NOISE_LEVELS = (0.5, 1.0)
"""Noise in the parent's latent vector; one of them for each generation."""


class WindowsSource:
    """Two or three tokens in a row replaced by as many that the decoder samples there."""

    stage = Stage.DECODING
    parent_lists = 1
    per_round = 0

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[NetworkJob]:
        known = [(parent.smiles, parent.code) for parent in parents[0] if parent.code]
        lengths = generator.choice(_LENGTHS, len(known)).tolist()
        work = partial(
            rewrite_tokens,
            parents=[code for _, code in known],
            sizes=[(length, length) for length in lengths],
            noise_level=float(generator.choice(_NOISE_LEVELS)),
        )
        templates = [
            Candidate(None, source=SourceName.WINDOWS, parent=smiles) for smiles, _ in known
        ]
        return [NetworkJob(templates, work)]


def build(_: SourceContext) -> WindowsSource:
    """The source of a search."""
    return WindowsSource()
