"""Interpolation: the molecules on a path through the latent vectors of several molecules."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies_batch
from molvae.chem.properties import find_property, property_values
from molvae.chem.screening import MoleculeFilter, judge_selfies
from molvae.chem.similarity import ecfp4_similarity
from molvae.errors import ConfigError
from molvae.exploration import warn_if_inexact
from molvae.interpolation_config import InterpolateConfig
from molvae.molecule_vae import MoleculeVAE

Latent = Float32[np.ndarray, " latent"]

_SMALLEST_ANGLE = 1e-4
"""Radians between two latent vectors below which an arc is computed as a straight line."""


@dataclass(frozen=True)
class InterpolationStep:
    """A molecule on a path through the latent space."""

    position: float
    """Position on the path: 0 at the first molecule's latent vector, 1 at the second's, and so
    on."""
    molecule: Molecule
    similarities: tuple[float, ...]
    """Tanimoto similarity to each of the molecules that the path connects (ECFP4 counts)."""
    values: dict[str, float]
    """The properties asked for."""


def interpolate(
    model: MoleculeVAE, molecules: Sequence[Molecule], config: InterpolateConfig | None = None
) -> tuple[InterpolationStep, ...]:
    """The molecules at latent vectors on the path from each molecule to the next.

    Neighboring latent vectors that decode to the same molecule are a single step. Between the
    molecules themselves, latent vectors are left out that decode to no molecule, or to a radical
    if the model's training data had none; and, for a model that gives at least half of the held-out
    molecules back, to a molecule that SELFIES had to repair. A warning is logged for each of the
    molecules that the model does not give back.

    Args:
        model: model that encodes and decodes.
        molecules: two or more molecules, which the path connects in this order.
        config: steps, path and properties; None takes the defaults.

    Raises:
        ConfigError: fewer than two molecules, or an unknown property.
        MoleculeError: the model lacks a symbol of a molecule.
    """
    config = config or InterpolateConfig()
    if len(molecules) < 2:
        raise ConfigError("a path needs two molecules or more")
    for name in config.properties:
        find_property(name)
    warn_if_inexact(model, *molecules)
    shares = np.linspace(0.0, 1.0, config.steps)[:-1]
    ends = model.encode(molecules, refine=True)
    way = arc if config.path == "spherical" else line
    latents = [way(start, end, share) for start, end in pairwise(ends) for share in shares.tolist()]
    positions = [*np.add.outer(np.arange(len(ends) - 1), shares).ravel(), len(ends) - 1.0]
    decoded = _decode(model, np.stack([*latents, ends[-1]]), positions)
    return tuple(
        InterpolationStep(
            position,
            molecule,
            tuple(ecfp4_similarity(end, molecule) for end in molecules),
            property_values(molecule, list(config.properties)),
        )
        for position, molecule in _merge(positions, decoded)
    )


def line(start: Latent, end: Latent, share: float) -> Latent:
    """The point at a share of the straight line from `start` to `end`."""
    point: Latent = ((1.0 - share) * start + share * end).astype(np.float32)
    return point


def arc(start: Latent, end: Latent, share: float) -> Latent:
    """The point at a share of the arc from `start` to `end` around the origin.

    Spherical linear interpolation (K. Shoemake, SIGGRAPH 1985, 245-254) of the directions; the
    distance from the origin changes linearly. Samples of N(0, I) lie close to a sphere, which a
    straight line leaves (T. White, arXiv 1609.04468).
    """
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(lengths) == 0.0:
        return line(start, end, share)
    first, last = start / lengths[0], end / lengths[1]
    angle = float(np.arccos(np.clip(first @ last, -1.0, 1.0)))
    # Opposite directions have no shortest arc between them.
    if not _SMALLEST_ANGLE < angle < np.pi - _SMALLEST_ANGLE:
        return line(start, end, share)
    direction = np.sin((1.0 - share) * angle) * first + np.sin(share * angle) * last
    length = (1.0 - share) * lengths[0] + share * lengths[1]
    point: Latent = (length / np.sin(angle) * direction).astype(np.float32)
    return point


def _decode(
    model: MoleculeVAE, latents: Float32[np.ndarray, "step latent"], positions: Sequence[float]
) -> list[Molecule | None]:
    """The molecule of each latent vector; None where it is left out."""
    card = model.card
    accepted = MoleculeFilter(strict=card.is_faithful, allow_radicals=card.cleaning.allow_radicals)
    rows = list(model.decode_symbols(latents))
    judged, decoded = judge_selfies(rows, accepted), from_selfies_batch(rows)
    return [
        molecule if sample.refusal is None or position.is_integer() else None
        for molecule, sample, position in zip(decoded, judged, positions, strict=True)
    ]


def _merge(
    positions: Sequence[float], decoded: Sequence[Molecule | None]
) -> list[tuple[float, Molecule]]:
    """Position and molecule of each run of equal neighbors.

    The position is that of the end that belongs to the run, or the first one of the run.
    """
    merged: list[tuple[float, Molecule]] = []
    for position, molecule in zip(positions, decoded, strict=True):
        if molecule is None:
            continue
        if not merged or merged[-1][1] != molecule:
            merged.append((position, molecule))
        elif position.is_integer() and not merged[-1][0].is_integer():
            merged[-1] = position, molecule
    return merged
