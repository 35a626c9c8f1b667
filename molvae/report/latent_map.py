"""Maps of a latent space: principal components and, if umap-learn is installed, UMAP."""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float, Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.chem.refusal import none_if_refused
from molvae.molecule_vae import MoleculeVAE
from molvae.report.page_molecules import Projections

_MIN_MOLECULES = 3


def latent_projections(model: MoleculeVAE, molecules: Sequence[Molecule]) -> Projections:
    """Positions of molecules on maps of a latent space; none for fewer than three molecules.

    A molecule that the model cannot read has no position.
    """
    readable, latents = encode_readable(model, molecules)
    if len(readable) < _MIN_MOLECULES:
        return {}
    maps = {}
    for name, positions in _maps(latents).items():
        maps[name] = np.full((len(molecules), 2), np.nan)
        maps[name][readable] = positions
    return maps


def encode_readable(
    model: MoleculeVAE, molecules: Sequence[Molecule]
) -> tuple[list[int], Float32[np.ndarray, "readable latent"]]:
    """Indices of the molecules that the model can read, and their posterior means."""
    readable, rows = [], []
    for index, molecule in enumerate(molecules):
        selfies = none_if_refused(to_selfies, molecule)
        if selfies is not None and model.vocabulary.knows(selfies):
            readable.append(index)
            rows.append(selfies)
    return readable, model.posterior(rows)[0]


def principal_components(
    latents: Float[np.ndarray, "molecule latent"],
) -> tuple[Float[np.ndarray, "molecule 2"], float]:
    """Projection onto the first two principal axes, and their share of the variance.

    The signs are chosen so that the largest deviation along an axis is positive.
    """
    centered = np.asarray(latents, np.float64) - latents.mean(0, dtype=np.float64)
    left, scales, _ = np.linalg.svd(centered, full_matrices=False)
    positions = left[:, :2] * scales[:2]
    extremes = positions[np.abs(positions).argmax(0), np.arange(2)]
    variances = scales**2
    share = float(variances[:2].sum() / max(variances.sum(), 1e-300))
    return positions * np.where(extremes < 0, -1.0, 1.0), share


def _maps(latents: Float32[np.ndarray, "readable latent"]) -> Projections:
    positions, share = principal_components(latents)
    maps = {f"PCA, {share:.0%} of the variance": positions}
    if find_spec("umap") is not None:
        from umap import UMAP

        neighbors = min(15, len(latents) - 1)
        # One thread, as a fixed seed has it, so that the map is the same each time.
        umap = UMAP(n_neighbors=neighbors, random_state=0, n_jobs=1)
        maps["UMAP"] = np.asarray(umap.fit_transform(latents), np.float64)
    return maps
