"""Source: molecules of a file."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from molvae.chem.clean_molecules import CleanMolecule, clean_smiles, run_job
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.combined.sources.source import (
    CHUNK,
    FinishedJob,
    Parent,
    SourceContext,
    Stage,
)
from molvae.parallel import ordered_map


class PoolSource:
    """A random part of the file for each round, which the surrogate ranks."""

    stage = Stage.SMILES
    parent_lists = 0

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._molecules: list[CleanMolecule] | None = None

    @property
    def per_round(self) -> int:
        return self._context.pool_ranked

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        return 0 if has_lead else (n + 1) // 2

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> list[FinishedJob]:
        if self._molecules is None:
            self._molecules = self._read()
        rows = generator.permutation(len(self._molecules))[:n]
        molecules = [self._molecules[row] for row in rows]
        candidates = [
            Candidate(molecule.smiles, source=SourceName.POOL, features=molecule.features)
            for molecule in molecules
        ]
        return [FinishedJob(candidates)]

    def _read(self) -> list[CleanMolecule]:
        """All molecules of the file that cleaning accepts."""
        context = self._context
        chunks = (
            context.pool[start : start + CHUNK] for start in range(0, len(context.pool), CHUNK)
        )
        work = (partial(clean_smiles, chunk, context.cleaning) for chunk in chunks)
        answers = ordered_map(run_job, enumerate(work), context.workers)
        return [molecule for _, molecules in answers for molecule in molecules if molecule]


def build(context: SourceContext) -> PoolSource:
    """The source of a search."""
    return PoolSource(context)
