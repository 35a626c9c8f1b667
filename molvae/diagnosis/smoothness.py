"""Smoothness of the latent space: steps from latent vectors, near pairs and random pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64
from tqdm import tqdm

from molvae.chem.similarity import tanimoto
from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.figures import mean_of, spearman
from molvae.diagnosis.posteriors import Posteriors, decode_smiles, ecfp4_of
from molvae.molecule_vae import MoleculeVAE

StepKind = Literal["posterior", "isotropic"]
STEPS: tuple[tuple[StepKind, float], ...] = (
    *(("posterior", length) for length in (0.5, 1.0, 2.0, 3.0, 4.0)),
    *(("isotropic", length) for length in (0.05, 0.1, 0.2, 0.5, 1.0)),
)
_ROWS = 256

Latents = Float32[np.ndarray, "point latent"]
Pairs = Int64[np.ndarray, "pair 2"]


@dataclass(frozen=True)
class LatentStep:
    """Molecules decoded after a random step from latent vectors.

    A step is `length` times noise of N(0, I), or of the posterior.
    """

    kind: StepKind
    length: float
    distance: float
    """Mean Euclidean length of the steps."""
    latents: int
    valid: float
    """Fraction that decodes to a molecule, as nearly all SELFIES do."""
    same: float
    """Fraction that decodes to the same molecule as the start."""
    distinct: float
    """Distinct molecules per valid molecule, over all starts."""
    similarity: float
    """Mean Tanimoto similarity (ECFP4) to the molecule that the start decodes to."""


@dataclass(frozen=True)
class PairFigures:
    """Latent distance and Tanimoto similarity of pairs of molecules."""

    pairs: int
    spearman: float
    """Rank correlation of both: the nearer to -1, the more distance means."""
    distance: float
    similarity: float


@dataclass(frozen=True)
class Smoothness:
    """Figures on steps and pairs."""

    starts: int
    """Number of latent vectors that decode to a molecule, from which steps start."""
    steps: tuple[LatentStep, ...]
    random_pairs: PairFigures
    near_pairs: PairFigures
    """Molecules and their nearest neighbors in the latent space."""

    def step(self, kind: StepKind, length: float) -> LatentStep:
        """The figures of one kind and length."""
        return next(step for step in self.steps if (step.kind, step.length) == (kind, length))


def measure_smoothness(
    model: MoleculeVAE,
    posteriors: Posteriors,
    smiles: Sequence[str],
    config: DiagnoseConfig,
    generator: np.random.Generator,
    *,
    progress: bool = False,
) -> Smoothness:
    """Measure steps and pairs; `smiles` are the molecules of the posteriors."""
    begun = posteriors.first(config.starts)
    starts, steps = take_steps(model, begun, config.directions, generator, progress=progress)
    some = random_pairs(len(smiles), config.pairs, generator)
    near = near_pairs(posteriors.mean, config.neighbors)
    return Smoothness(
        starts=starts,
        steps=steps,
        random_pairs=compare_pairs(posteriors.mean, smiles, some),
        near_pairs=compare_pairs(posteriors.mean, smiles, near),
    )


def take_steps(
    model: MoleculeVAE,
    posteriors: Posteriors,
    directions: int,
    generator: np.random.Generator,
    *,
    progress: bool = False,
) -> tuple[int, tuple[LatentStep, ...]]:
    """Number of latent vectors from which steps start, and the figures for each of `STEPS`."""
    decoded = decode_smiles(model, posteriors.mean, model.greedy)
    rows = [row for row, smiles in enumerate(decoded) if smiles for _ in range(directions)]
    starts = [smiles for smiles in decoded if smiles for _ in range(directions)]
    means, deviations = posteriors.mean[rows], posteriors.deviation[rows]
    noise = generator.standard_normal(means.shape, np.float32)
    steps = []
    for kind, length in tqdm(STEPS, desc="steps", disable=not progress):
        moves = np.float32(length) * noise * (deviations if kind == "posterior" else 1)
        arrivals = decode_smiles(model, means + moves, model.greedy)
        steps.append(_step(kind, length, moves, starts, arrivals))
    return len(starts) // directions, tuple(steps)


def random_pairs(n: int, count: int, generator: np.random.Generator) -> Pairs:
    """`count` random pairs of different molecules out of `n`, with replacement."""
    first = generator.integers(n, size=count)
    second = (first + generator.integers(1, n, size=count)) % n
    return np.stack([first, second], axis=1)


def near_pairs(latents: Latents, neighbors: int) -> Pairs:
    """Pairs of each latent vector and its nearest ones, without repeats."""
    neighbors = min(neighbors, len(latents) - 1)
    wide = latents.astype(np.float64)
    batches = []
    for begin in range(0, len(wide), _ROWS):
        rows = np.arange(begin, min(begin + _ROWS, len(wide)))
        distances = (wide**2).sum(axis=1) - 2.0 * wide[rows] @ wide.T
        distances[rows - begin, rows] = np.inf
        nearest = np.argpartition(distances, neighbors - 1, axis=1)[:, :neighbors]
        batches.append(np.stack([np.repeat(rows, neighbors), nearest.ravel()], axis=1))
    unique: np.ndarray = np.unique(np.sort(np.concatenate(batches), axis=1), axis=0)
    return unique


def compare_pairs(latents: Latents, smiles: Sequence[str], pairs: Pairs) -> PairFigures:
    """Compare latent distance and similarity over pairs of molecules."""
    distances = np.linalg.norm(latents[pairs[:, 0]] - latents[pairs[:, 1]], axis=1)
    alike = _similarities([(smiles[a], smiles[b]) for a, b in pairs.tolist()])
    return PairFigures(len(pairs), spearman(distances, alike), mean_of(distances), mean_of(alike))


def _step(
    kind: StepKind, length: float, moves: Latents, starts: list[str], arrivals: list[str | None]
) -> LatentStep:
    pairs = [(a, b) for a, b in zip(starts, arrivals, strict=True) if b is not None]
    return LatentStep(
        kind=kind,
        length=length,
        distance=mean_of(np.linalg.norm(moves, axis=1)),
        latents=len(arrivals),
        valid=mean_of(np.array([b is not None for b in arrivals])),
        same=mean_of(np.array([a == b for a, b in zip(starts, arrivals, strict=True)])),
        distinct=len({b for _, b in pairs}) / len(pairs) if pairs else float("nan"),
        similarity=mean_of(_similarities(pairs)),
    )


def _similarities(pairs: Sequence[tuple[str, str]]) -> Float64[np.ndarray, " pair"]:
    return np.array([tanimoto(ecfp4_of(a), ecfp4_of(b)) for a, b in pairs], dtype=np.float64)
