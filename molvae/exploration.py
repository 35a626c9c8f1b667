"""What lies near a molecule in the latent space, and on the way from one to another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import FingerprintKind, fingerprint, tanimoto
from molvae.errors import ConfigError
from molvae.molecule_vae import MoleculeVAE

_DRAWS_PER_NEIGHBOUR = 50
"""After so many for each that is wanted, there are no more to be had at that distance."""
_FEWEST = 64
"""Draws at a time."""
_FURTHER = 1.25
"""How much further out each time, where the distance is left open."""
_WAY_OUT = 20
"""Times at least that it then goes further out."""


@dataclass(frozen=True)
class InterpolationStep:
    """A molecule on the straight line between the codes of two others."""

    share: float
    """Of the way, 0 at the first molecule's code and 1 at the last's."""
    molecule: Molecule
    similarities: tuple[float, float]
    """Tanimoto similarity to the first and to the last (ECFP4 counts)."""


@dataclass(frozen=True)
class Neighbor:
    """A molecule that a point near another's code decodes to."""

    molecule: Molecule
    similarity: float
    """Tanimoto similarity to the one whose neighbor it is (ECFP4 counts)."""


@dataclass(frozen=True)
class Neighbors:
    """Distinct neighbors, the most similar first."""

    neighbors: tuple[Neighbor, ...]
    draws: int
    """Points that were decoded to find them."""


def interpolate(
    model: MoleculeVAE, first: Molecule, last: Molecule, steps: int
) -> tuple[InterpolationStep, ...]:
    """What `steps` points decode to, the codes (posterior means) of both molecules among them.

    The ends are the molecules themselves where the model reconstructs them. Points whose symbols
    spell no molecule are left out.

    Raises:
        ConfigError: fewer than two points.
        MoleculeError: a molecule cannot be spelled in this model's symbols.
    """
    if steps < 2:
        raise ConfigError(f"steps = {steps}: both ends are steps, so give 2 or more")
    start, end = model.encode([first, last])
    shares = np.linspace(0.0, 1.0, steps)
    latents = start + shares[:, None] * (end - start)
    return tuple(
        InterpolationStep(
            float(share), found, (_similarity(first, found), _similarity(last, found))
        )
        for share, found in zip(shares, model.decode(latents), strict=True)
        if found is not None
    )


def neighbors_of(
    model: MoleculeVAE, molecule: Molecule, n: int, scale: float | None = None, seed: int = 0
) -> Neighbors:
    """The most similar, up to `n`, of distinct other molecules that points near a code decode to.

    Args:
        model: what encodes and decodes.
        molecule: the one in the middle.
        n: how many; fewer where 50 draws for each (without a scale 1,280 at least) bring no more.
        scale: how far the points lie, in deviations of the posterior; None begins with one and
            goes further out until there are enough.
        seed: of the draws.

    Raises:
        MoleculeError: the molecule cannot be spelled in this model's symbols.
        ConfigError: the scale is not above 0.
    """
    if scale is not None and not scale > 0:
        raise ConfigError(f"scale = {scale:g}; points lie at a distance above 0 from the code")
    generator = np.random.default_rng(seed)
    found: dict[str, Molecule] = {}
    draws, distance = 0, scale or 1.0
    most = _DRAWS_PER_NEIGHBOUR * n if scale else max(_DRAWS_PER_NEIGHBOUR * n, _WAY_OUT * _FEWEST)
    while len(found) < n and draws < most:
        latents = model.neighbors([molecule] * max(n, _FEWEST), distance, generator)
        for other in _others(model, molecule, latents):
            found.setdefault(other.smiles, other)
        draws += len(latents)
        distance *= _FURTHER if scale is None else 1.0
    neighbors = [Neighbor(other, _similarity(molecule, other)) for other in found.values()]
    # Equal similarities keep the order in which they were found.
    neighbors.sort(key=lambda neighbor: -neighbor.similarity)
    return Neighbors(tuple(neighbors[:n]), draws)


def _others(model: MoleculeVAE, molecule: Molecule, latents: np.ndarray) -> Iterator[Molecule]:
    for other in model.decode(latents):
        if other is None or other == molecule:
            continue
        # As the molecules that the model was trained on.
        if model.card.cleaning.allow_radicals or not other.has_radicals:
            yield other


def _similarity(molecule: Molecule, other: Molecule) -> float:
    ours, theirs = (fingerprint(one, FingerprintKind.ECFP4) for one in (molecule, other))
    return tanimoto(ours, theirs)
