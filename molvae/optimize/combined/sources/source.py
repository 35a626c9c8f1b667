"""Source: the interface of a way to make candidates, and the jobs that it can ask for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from molvae.chem.clean_molecules import Job, clean_selfies
from molvae.chem.notation import Selfies
from molvae.chem.standardize_config import StandardizeConfig
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.noise_calibration import NoiseCalibration

CHUNK = 64
"""Candidates passed to a worker at a time."""


@dataclass(frozen=True)
class EncodedMolecule:
    """A molecule as the model sees it."""

    selfies: Selfies
    mean: Float32[np.ndarray, " latent"]
    """Mean of its posterior: its latent vector."""
    deviation: Float32[np.ndarray, " latent"]
    """Standard deviation of its posterior."""


@dataclass(frozen=True)
class Parent:
    """A molecule from which candidates are made."""

    smiles: str
    scale: float
    """Distance from it at which to look; at 1, half of the latent vectors around its own decode to
    other molecules."""
    code: EncodedMolecule | None = None
    """None: the source does not need it."""


ParentSampler = Callable[[int], Sequence[Parent]]
"""Draws parents with replacement, good molecules more often than others."""


Decoded = tuple[Sequence[Selfies], Sequence[Candidate]]
"""SELFIES that the network wrote, and the candidates that they belong to."""


@dataclass(frozen=True)
class WorkerJob:
    """Texts or graphs that a worker process turns into clean molecules.

    A row of `templates` is a candidate that lacks only its molecule.
    """

    work: Job
    templates: Sequence[Candidate]


@dataclass(frozen=True)
class DecodingJob:
    """Candidates whose latent vectors are to be decoded at a temperature."""

    templates: Sequence[Candidate]
    temperature: float
    noise_levels: Float32[np.ndarray, " candidate"] | None = None
    """Noise level that the decoder is told for each latent vector; None: 0."""


@dataclass(frozen=True)
class SamplingJob:
    """Samples of the prior."""

    n: int
    source: str

    def run(
        self, model: MoleculeVAE, decoding: DecodingConfig, generator: np.random.Generator
    ) -> Decoded:
        """The samples, each a candidate with its latent vector."""
        samples = model.draw(self.n, generator, decoding)
        return samples.selfies_rows, [Candidate(None, z, self.source) for z in samples.latents]


@dataclass(frozen=True)
class NetworkJob:
    """SELFIES that a function computes with the network, one for each template.

    The function gets the model and a random seed; empty SELFIES are discarded.
    """

    templates: Sequence[Candidate]
    work: Callable[[MoleculeVAE, int], Sequence[Selfies]]

    def run(self, model: MoleculeVAE, seed: int) -> Decoded:
        """The SELFIES for all templates."""
        return (self.work(model, seed) if self.templates else []), self.templates


@dataclass(frozen=True)
class FinishedJob:
    """Candidates that are complete already."""

    candidates: Sequence[Candidate]


AnyJob = WorkerJob | DecodingJob | SamplingJob | NetworkJob | FinishedJob


class Stage(IntEnum):
    """When a source can work within a round; early ones keep workers busy during late ones."""

    SMILES = 0
    """It needs no network."""
    CODES = 1
    """It needs the codes of its parents."""
    DECODING = 2
    """It has latent vectors decoded, or SELFIES computed by the network otherwise."""


@dataclass(frozen=True)
class SourceContext:
    """Everything that a source may need."""

    cleaning: StandardizeConfig
    """Applied to each candidate."""
    symbols: Sequence[str]
    """Vocabulary of the model."""
    pool: Sequence[str] = ()
    """SMILES of the user's file."""
    pool_ranked: int = 0
    """Molecules of the file that the surrogate ranks in a round."""
    workers: int = 1
    radius: float = 1.0
    """Posterior standard deviations of a distance of 1 (see `decoding_radius`)."""
    noise: NoiseCalibration | None = None
    """Similarity by noise level; None: the decoder is not told any."""


@runtime_checkable
class Source(Protocol):
    """A way to make candidates."""

    @property
    def stage(self) -> Stage:
        """When it works."""
        ...

    @property
    def parent_lists(self) -> int:
        """Lists of parents that `jobs` takes; 0: its candidates descend from none."""
        ...

    @property
    def per_round(self) -> int:
        """Candidates offered once a round, whatever its success; 0: the `SourceMix` decides."""
        ...

    def first_sample(self, n: int, *, has_lead: bool) -> int:
        """Candidates made at the start of a search for each `n` to be scored then."""
        ...

    def jobs(
        self, n: int, parents: Sequence[Sequence[Parent]], generator: np.random.Generator
    ) -> Iterable[AnyJob]:
        """Work that gives at most `n` candidates; some may come to nothing."""
        ...


def read_jobs(
    selfies_rows: Sequence[Selfies], templates: Sequence[Candidate], cleaning: StandardizeConfig
) -> Iterator[WorkerJob]:
    """Jobs that read SELFIES, a chunk each."""
    for start in range(0, len(selfies_rows), CHUNK):
        rows = slice(start, start + CHUNK)
        chunk = selfies_rows[rows]
        with_selfies = [
            replace(template, selfies=selfies)
            for template, selfies in zip(templates[rows], chunk, strict=True)
        ]
        yield WorkerJob(partial(clean_selfies, chunk, cleaning), with_selfies)


def perturb(
    mean: Float32[np.ndarray, " latent"], parent: EncodedMolecule, scale: float, noise: np.ndarray
) -> np.ndarray:
    """A latent vector near `mean`, with noise in proportion to the parent's posterior."""
    z: np.ndarray = mean + np.float32(scale) * parent.deviation * noise
    return z
