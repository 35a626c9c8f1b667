"""Molecules around a molecule in the latent space."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, is_canonical
from molvae.chem.refusal import none_if_refused
from molvae.chem.similarity import ecfp4_similarity
from molvae.errors import ConfigError
from molvae.molecule_vae import MoleculeVAE

_SAMPLES_PER_NEIGHBOR = 50
"""After this many samples for each neighbor wanted, there are hardly more at that distance."""
_BATCH = 64
"""Smallest number of samples that are decoded together."""
_GROWTH = 1.25
"""Factor between the distances of successive batches, where the distance is not given."""
_GROWTH_STEPS = 20
"""Smallest number of batches, where the distance is not given."""

_LONGEST_SHOWN = 100
"""Characters of a SMILES in a message."""

_log = logging.getLogger("molvae")


@dataclass(frozen=True)
class RoundTrip:
    """A molecule, and the molecule that its latent vector decodes to."""

    molecule: Molecule
    decoded: Molecule | None
    """None: the latent vector decodes to no molecule."""

    @property
    def is_exact(self) -> bool:
        """Whether the model gives the molecule back."""
        return self.molecule == self.decoded

    @property
    def similarity(self) -> float:
        """Tanimoto similarity of the two (ECFP4 counts); 0 where nothing came back."""
        return 0.0 if self.decoded is None else ecfp4_similarity(self.molecule, self.decoded)

    def __str__(self) -> str:
        if self.is_exact:
            return f"the model gives {self.molecule.smiles} back"
        if self.decoded is None:
            return f"the model does not give {self.molecule.smiles} back, nor any other molecule"
        smiles = self.decoded.smiles
        decoded = smiles if len(smiles) <= _LONGEST_SHOWN else f"{smiles[:_LONGEST_SHOWN]}..."
        return (
            f"the model does not give {self.molecule.smiles} back, but {decoded} "
            f"(similarity {self.similarity:.2f}): results refer to that molecule"
        )


@dataclass(frozen=True)
class Neighbor:
    """A molecule that a latent vector near that of another one decodes to."""

    molecule: Molecule
    similarity: float
    """Tanimoto similarity of the two (ECFP4 counts)."""


@dataclass(frozen=True)
class Neighbors:
    """Distinct neighbors of a molecule, the most similar first."""

    neighbors: tuple[Neighbor, ...]
    draws: int
    """Number of latent vectors that were decoded to find them."""


def round_trips(
    model: MoleculeVAE, molecules: Sequence[Molecule], *, refine: bool = False
) -> list[RoundTrip]:
    """Each molecule, encoded and greedily decoded.

    Args:
        model: model that encodes and decodes.
        molecules: molecules of the model's symbols.
        refine: whether the latent vectors are refined, see `MoleculeVAE.refine`.

    Raises:
        MoleculeError: the model lacks a symbol of a molecule.
    """
    decoded = model.reconstruct(molecules, refine=refine)
    return [RoundTrip(*pair) for pair in zip(molecules, decoded, strict=True)]


def warn_if_inexact(model: MoleculeVAE, *molecules: Molecule) -> None:
    """Log a warning for each molecule that its refined latent vector does not give back.

    Raises:
        MoleculeError: the model lacks a symbol of a molecule.
    """
    for trip in round_trips(model, molecules, refine=True):
        if not trip.is_exact:
            _log.warning("%s", trip)


def neighbors_of(
    model: MoleculeVAE, molecule: Molecule, n: int, scale: float | None = None, seed: int = 0
) -> Neighbors:
    """Up to `n` distinct molecules decoded around a molecule, the most similar first.

    They are accepted as `generate` accepts molecules: without radicals unless the training data had
    some; with a model that gives half or more of the held-out molecules back, only if it gives them
    back, too, and if they decode from their canonical SELFIES. A warning is logged if the
    model does not give the molecule itself back.

    Args:
        model: model that encodes and decodes.
        molecule: molecule in the middle.
        n: number of neighbors; fewer where 50 samples for each (without a scale at least 1,280)
            do not give enough.
        scale: distance of the samples, in standard deviations of the posterior; None begins with 1
            and goes farther until there are enough.
        seed: random seed of the sampling.

    Raises:
        MoleculeError: the model lacks a symbol of the molecule.
        ConfigError: the scale is not above 0.
    """
    if scale is not None and not scale > 0:
        raise ConfigError(f"scale = {scale:g}: the distance of the samples must be above 0")
    warn_if_inexact(model, molecule)
    generator = np.random.default_rng(seed)
    neighbors: dict[str, Molecule] = {}
    draws, distance = 0, scale or 1.0
    most = _SAMPLES_PER_NEIGHBOR * n
    if scale is None:
        most = max(most, _GROWTH_STEPS * _BATCH)
    while len(neighbors) < n and draws < most:
        latents = model.neighbors([molecule] * max(n, _BATCH), distance, generator)
        for neighbor in _accept(model, latents, neighbors.keys() | {molecule.smiles}):
            neighbors.setdefault(neighbor.smiles, neighbor)
        draws += len(latents)
        distance *= _GROWTH if scale is None else 1.0
    ranked = [
        Neighbor(neighbor, ecfp4_similarity(molecule, neighbor)) for neighbor in neighbors.values()
    ]
    # Equal similarities keep the order in which they came.
    ranked.sort(key=lambda neighbor: -neighbor.similarity)
    return Neighbors(tuple(ranked[:n]), draws)


def _accept(
    model: MoleculeVAE, latents: Float32[np.ndarray, "molecule latent"], known: set[str]
) -> list[Molecule]:
    """New molecules that the latent vectors decode to, as `generate` would accept them."""
    candidates = {
        molecule.smiles: molecule
        for molecule in _decode(model, latents)
        if molecule.smiles not in known
    }
    if not (candidates and model.card.is_faithful):
        return list(candidates.values())
    # Their SELFIES are canonical, so that the model has all their symbols.
    return [
        trip.molecule for trip in round_trips(model, list(candidates.values())) if trip.is_exact
    ]


def _decode(
    model: MoleculeVAE, latents: Float32[np.ndarray, "molecule latent"]
) -> Iterator[Molecule]:
    for selfies in model.decode_symbols(latents):
        molecule = none_if_refused(from_selfies, selfies)
        if molecule is None:
            continue
        if model.card.is_faithful and not is_canonical(selfies, molecule):
            continue
        if model.card.cleaning.allow_radicals or not molecule.has_radicals:
            yield molecule
