"""Figures on restoring molecules whose SELFIES were damaged."""

from collections.abc import Iterator, Sequence

import numpy as np

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_reference import Figure, Reference, round_tripping
from molvae.chem.notation import Selfies, smiles_or_none
from molvae.denoising import denoise
from molvae.molecule_vae import MoleculeVAE

WRONG_SYMBOLS = (1, 2, 4)
"""Numbers of symbols that are replaced."""


def denoising(model: MoleculeVAE, reference: Reference, config: ExploreConfig) -> Iterator[Figure]:
    """Share of molecules that are restored exactly after symbols were replaced by random ones.

    The controls are the damaged SELFIES as they are, some of which SELFIES reads as the original,
    and what the autoencoder decodes from the posterior mean of the damaged SELFIES.
    """
    generator = np.random.default_rng([config.seed, 25])
    originals = reference.selfies_rows[: config.damaged]
    smiles = [molecule.smiles for molecule in reference.molecules[: config.damaged]]
    for n in WRONG_SYMBOLS:
        damaged = [damage(selfies, n, model.vocabulary.symbols, generator) for selfies in originals]
        value = _share(smiles, [row.smiles for row in denoise(model, damaged)])
        name = f"denoising, {n} wrong symbol{'s' if n > 1 else ''}: restored"
        controls = {
            "nothing done": _share(smiles, list(map(smiles_or_none, damaged))),
            "autoencoder": len(round_tripping(model, list(zip(smiles, damaged, strict=True))))
            / len(smiles),
        }
        for control, share in controls.items():
            yield Figure(f"{name}, against {control}", value, share, control, len(smiles))


def damage(
    selfies: Selfies, n: int, symbols: Sequence[str], generator: np.random.Generator
) -> Selfies:
    """A SELFIES with `n` of its symbols, or all if there are fewer, replaced by different ones."""
    damaged = list(selfies)
    for position in generator.permutation(len(selfies))[:n].tolist():
        choices = [symbol for symbol in symbols if symbol != selfies[position]]
        damaged[position] = choices[generator.integers(len(choices))]
    return tuple(damaged)


def _share(smiles: Sequence[str], restored: Sequence[str | None]) -> float:
    return float(np.mean([a == b for a, b in zip(smiles, restored, strict=True)]))
