"""Source: crossovers and mutations of SELFIES."""

from collections.abc import Iterator, Sequence

import numpy as np

from molvae.chem.operators.symbol_edits import edit_symbols, splice
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import (
    Parent,
    SourceContext,
    Stage,
    WorkerJob,
    read_jobs,
)

_EDIT_RATE = 0.5
"""Fraction that are edits of one SELFIES; the others splice two."""


class EditsSource:
    """Symbols of good molecules edited or spliced."""

    stage = Stage.CODES
    parent_lists = 2
    per_round = 0

    def __init__(self, context: SourceContext) -> None:
        self._cleaning = context.cleaning
        self._symbols = context.symbols

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> Iterator[WorkerJob]:
        pairs = [
            (first, first.code.selfies, second.code.selfies)
            for first, second in zip(*parents, strict=False)
            if first.code and second.code
        ]
        selfies_rows = [
            edit_symbols(mother, generator, self._symbols)
            if generator.random() < _EDIT_RATE
            else splice(mother, father, generator)
            for _, mother, father in pairs
        ]
        templates = [
            Candidate(None, source=SourceName.EDITS, parent=parent.smiles) for parent, *_ in pairs
        ]
        return read_jobs(selfies_rows, templates, self._cleaning)


def build(context: SourceContext) -> EditsSource:
    """The source of a search."""
    return EditsSource(context)
