"""Whether near codes are like molecules: steps from codes, near pairs and random pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64
from tqdm import tqdm

from molvae.chem.similarity import tanimoto
from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.figures import mean_of, spearman
from molvae.diagnosis.posteriors import Posteriors, decoded_smiles, ecfp4_of
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
class Step:
    """Points at `length` x noise from codes: noise N(0, I), or times the posterior's deviation."""

    kind: StepKind
    length: float
    distance: float
    """Mean Euclidean length of the steps."""
    latents: int
    valid: float
    """Share that decodes to a molecule; SELFIES makes most symbols spell one."""
    same: float
    """Share that decodes to the molecule that the code itself decodes to."""
    distinct: float
    """Distinct molecules to valid ones, over all starts."""
    similarity: float
    """Mean Tanimoto of the valid ones to the molecule that the code itself decodes to (ECFP4)."""


@dataclass(frozen=True)
class PairFigures:
    """Of pairs of the molecules: the distance of their posterior means and their Tanimoto."""

    pairs: int
    spearman: float
    """Correlation of both by rank: the nearer to -1, the more distance means."""
    distance: float
    similarity: float


@dataclass(frozen=True)
class Smoothness:
    """All of it."""

    starts: int
    """Molecules whose code decodes to a molecule, so that steps could start there."""
    steps: tuple[Step, ...]
    random_pairs: PairFigures
    near_pairs: PairFigures
    """Molecules and their nearest neighbors by code."""

    def step(self, kind: StepKind, length: float) -> Step:
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
    """The figures; `smiles` are those of the molecules that the posteriors belong to."""
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
) -> tuple[int, tuple[Step, ...]]:
    """How many codes steps could start at, and the figures for each of `STEPS`."""
    decoded = decoded_smiles(model, posteriors.mean, model.greedy)
    places = [place for place, smiles in enumerate(decoded) if smiles for _ in range(directions)]
    starts = [smiles for smiles in decoded if smiles for _ in range(directions)]
    means, deviations = posteriors.mean[places], posteriors.deviation[places]
    noise = generator.standard_normal(means.shape, np.float32)
    steps = []
    for kind, length in tqdm(STEPS, desc="steps", disable=not progress):
        moves = np.float32(length) * noise * (deviations if kind == "posterior" else 1)
        came = decoded_smiles(model, means + moves, model.greedy)
        steps.append(_step(kind, length, moves, starts, came))
    return len(starts) // directions, tuple(steps)


def random_pairs(n: int, count: int, generator: np.random.Generator) -> Pairs:
    """So many pairs of two different of `n` molecules, drawn with replacement."""
    first = generator.integers(n, size=count)
    second = (first + generator.integers(1, n, size=count)) % n
    return np.stack([first, second], axis=1)


def near_pairs(latents: Latents, neighbors: int) -> Pairs:
    """Each point with its nearest ones, a pair once."""
    neighbors = min(neighbors, len(latents) - 1)
    wide = latents.astype(np.float64)
    found = []
    for begin in range(0, len(wide), _ROWS):
        rows = np.arange(begin, min(begin + _ROWS, len(wide)))
        distances = (wide**2).sum(axis=1) - 2.0 * wide[rows] @ wide.T
        distances[rows - begin, rows] = np.inf
        nearest = np.argpartition(distances, neighbors - 1, axis=1)[:, :neighbors]
        found.append(np.stack([np.repeat(rows, neighbors), nearest.ravel()], axis=1))
    unique: np.ndarray = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    return unique


def compare_pairs(latents: Latents, smiles: Sequence[str], pairs: Pairs) -> PairFigures:
    """Distances against similarities, over pairs of molecules and their points."""
    distances = np.linalg.norm(latents[pairs[:, 0]] - latents[pairs[:, 1]], axis=1)
    alike = _similarities([(smiles[a], smiles[b]) for a, b in pairs.tolist()])
    return PairFigures(len(pairs), spearman(distances, alike), mean_of(distances), mean_of(alike))


def _step(
    kind: StepKind, length: float, moves: Latents, starts: list[str], came: list[str | None]
) -> Step:
    pairs = [(a, b) for a, b in zip(starts, came, strict=True) if b is not None]
    return Step(
        kind=kind,
        length=length,
        distance=mean_of(np.linalg.norm(moves, axis=1)),
        latents=len(came),
        valid=mean_of(np.array([b is not None for b in came])),
        same=mean_of(np.array([a == b for a, b in zip(starts, came, strict=True)])),
        distinct=len({b for _, b in pairs}) / len(pairs) if pairs else float("nan"),
        similarity=mean_of(_similarities(pairs)),
    )


def _similarities(pairs: Sequence[tuple[str, str]]) -> Float64[np.ndarray, " pair"]:
    return np.array([tanimoto(ecfp4_of(a), ecfp4_of(b)) for a, b in pairs], dtype=np.float64)
