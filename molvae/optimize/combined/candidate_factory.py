"""CandidateFactory: runs the jobs of all sources, the network beside the worker processes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from molvae.chem.clean_molecules import run_job
from molvae.model.decoding_config import DecodingConfig
from molvae.model.threads import side_by_side
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.combined.sources import build_sources
from molvae.optimize.combined.sources.source import (
    AnyJob,
    Decoded,
    DecodingJob,
    FinishedJob,
    NetworkJob,
    Parent,
    ParentSampler,
    SamplingJob,
    Source,
    SourceContext,
    Stage,
    WorkerJob,
    read_jobs,
)
from molvae.parallel import ordered_map


class CandidateFactory:
    """Makes the candidates that sources are asked for.

    The network takes hardly longer for many molecules than for few, so all parents are encoded at
    once, and all latent vectors decoded at once.
    """

    def __init__(self, writer: MoleculeVAE, codes: PosteriorCache, context: SourceContext) -> None:
        self._writer = writer
        self._codes = codes
        self._context = context
        sources = build_sources(context)
        self.sources: Mapping[str, Source] = dict(
            sorted(sources.items(), key=lambda item: item[1].stage)
        )
        """By name, in the order in which they work."""
        # Longer SELFIES are too large, or loops.
        self._max_symbols = 2 * context.cleaning.max_heavy_atoms

    def make(
        self,
        counts: Mapping[str, int],
        sample_parents: ParentSampler,
        generator: np.random.Generator,
    ) -> Iterator[Candidate]:
        """At most as many candidates of each source as `counts` says."""
        asked = {name: counts[name] for name in self.sources if counts.get(name)}
        jobs: list[AnyJob] = []
        for name, n in asked.items():
            if not self._needs_codes(name):
                source = self.sources[name]
                parents = [sample_parents(n) for _ in range(source.parent_lists)]
                jobs += source.jobs(n, parents, generator)
        for job in jobs:
            if isinstance(job, FinishedJob):
                yield from job.candidates
        coded = {name: n for name, n in asked.items() if self._needs_codes(name)}
        work = (
            (job.templates, job.work) for job in self._order(jobs, coded, sample_parents, generator)
        )
        for templates, molecules in ordered_map(run_job, work, self._context.workers):
            for template, molecule in zip(templates, molecules, strict=True):
                if molecule is not None:
                    yield replace(template, smiles=molecule.smiles, features=molecule.features)

    def _needs_codes(self, name: str) -> bool:
        source = self.sources[name]
        return source.parent_lists > 0 and source.stage >= Stage.CODES

    def _order(
        self,
        early: Sequence[AnyJob],
        coded: Mapping[str, int],
        sample_parents: ParentSampler,
        generator: np.random.Generator,
    ) -> Iterator[WorkerJob]:
        """All work for other processes, in an order that keeps them busy beside the network."""
        parents = {
            name: [sample_parents(n) for _ in range(self.sources[name].parent_lists)]
            for name, n in coded.items()
        }
        # The network waits for the SELFIES; the early jobs keep other processes busy beside it.
        everyone = [parent for lists in parents.values() for row in lists for parent in row]
        self._codes.to_selfies([parent.smiles for parent in everyone])
        yield from _of_kind(early, WorkerJob)
        encoded = self._encode(parents, everyone)
        late: list[AnyJob] = []
        for name, n in coded.items():
            for job in self.sources[name].jobs(n, encoded[name], generator):
                if isinstance(job, WorkerJob):
                    yield job
                else:
                    late.append(job)
        tasks: list[Callable[[], Decoded]] = []
        decodings = _of_kind(late, DecodingJob)
        if any(job.templates for job in decodings):
            seed = int(generator.integers(2**63))
            tasks.append(partial(self._decode, decodings, seed))
        for task in _of_kind(late, NetworkJob):
            tasks.append(partial(task.run, self._writer, int(generator.integers(2**63))))
        decoding = DecodingConfig(max_symbols=self._max_symbols)
        tasks += [
            partial(job.run, self._writer, decoding, generator)
            for job in _of_kind(early, SamplingJob)
        ]
        for rows, templates in side_by_side(self._writer.device, tasks, self._context.workers):
            yield from read_jobs(rows, templates, self._context.cleaning)

    def _encode(
        self, parents: Mapping[str, Sequence[Sequence[Parent]]], everyone: Sequence[Parent]
    ) -> dict[str, list[list[Parent]]]:
        """The parents with their codes, where the model has tokens for them."""
        codes = self._codes.encode([parent.smiles for parent in everyone])
        by_smiles = dict(zip((parent.smiles for parent in everyone), codes, strict=True))
        return {
            name: [
                [replace(parent, code=code) for parent in row if (code := by_smiles[parent.smiles])]
                for row in lists
            ]
            for name, lists in parents.items()
        }

    def _decode(self, jobs: Sequence[DecodingJob], seed: int) -> Decoded:
        templates = [template for job in jobs for template in job.templates]
        temperatures = np.repeat(
            np.array([job.temperature for job in jobs], dtype=np.float32),
            [len(job.templates) for job in jobs],
        )
        levels = np.concatenate(
            [
                np.zeros(len(job.templates), np.float32)
                if job.noise_levels is None
                else job.noise_levels
                for job in jobs
            ]
        )
        selfies_rows = self._writer.decode_symbols(
            np.stack([template.z for template in templates if template.z is not None]),
            DecodingConfig(max_symbols=self._max_symbols, grammar=True),
            seed,
            temperatures,
            levels,
        )
        return [*selfies_rows], templates


JobKind = TypeVar("JobKind", WorkerJob, DecodingJob, SamplingJob, NetworkJob)


def _of_kind(jobs: Sequence[AnyJob], kind: type[JobKind]) -> list[JobKind]:
    return [job for job in jobs if isinstance(job, kind)]
