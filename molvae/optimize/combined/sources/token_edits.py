"""Source: single tokens of good molecules changed as the language model proposes."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import NetworkJob, Parent, SourceContext, Stage
from molvae.optimize.combined.token_windows import rewrite_tokens

_SIZES = ((1, 1), (0, 1), (1, 0))
"""Numbers of tokens removed and written: a replacement, an insertion, a deletion."""
_CHANCES = (0.5, 0.3, 0.2)
"""Probability of each. About 9, 15 and 9 % of them are better than their parents, but a third of
the deletions are no new molecules."""


class TokenEditsSource:
    """A token replaced, inserted or deleted; new tokens are sampled from the language model."""

    stage = Stage.DECODING
    parent_lists = 1
    per_round = 0

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return n if has_lead else 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[NetworkJob]:
        known = [(parent.smiles, parent.code) for parent in parents[0] if parent.code]
        kinds = generator.choice(len(_SIZES), len(known), p=_CHANCES).tolist()
        work = partial(
            rewrite_tokens,
            parents=[code for _, code in known],
            sizes=[_SIZES[kind] for kind in kinds],
        )
        templates = [
            Candidate(None, source=SourceName.TOKEN_EDITS, parent=smiles) for smiles, _ in known
        ]
        return [NetworkJob(templates, work)]


def build(_: SourceContext) -> TokenEditsSource:
    """The source of a search."""
    return TokenEditsSource()
