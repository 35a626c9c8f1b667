"""Source: crossovers and mutations of molecular graphs."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from molvae.chem.clean_molecules import clean_children
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import (
    CHUNK,
    Parent,
    SourceContext,
    Stage,
    WorkerJob,
)

_MUTATION_RATE = 0.3
"""Fraction of the children that are mutations of one parent."""


class GraphSource:
    """Children of one or two molecules by graph operators."""

    stage = Stage.SMILES
    parent_lists = 2
    per_round = 0

    def __init__(self, context: SourceContext) -> None:
        self._cleaning = context.cleaning

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 0

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> Iterator[WorkerJob]:
        first, second = parents
        if not first:
            return
        is_mutation = generator.random(n) < _MUTATION_RATE
        pairs = [
            (mother.smiles, mother.smiles if alone else father.smiles)
            for mother, father, alone in zip(first, second, is_mutation, strict=True)
        ]
        for start in range(0, len(pairs), CHUNK):
            rows = pairs[start : start + CHUNK]
            seed = int(generator.integers(2**63))
            templates = [
                Candidate(None, source=SourceName.GRAPH, parent=mother) for mother, _ in rows
            ]
            yield WorkerJob(partial(clean_children, rows, seed, self._cleaning), templates)


def build(context: SourceContext) -> GraphSource:
    """The source of a search."""
    return GraphSource(context)
