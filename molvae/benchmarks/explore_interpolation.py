"""Figures on straight paths between molecules, against molecules at random."""

from collections.abc import Iterator, Sequence

import numpy as np

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_reference import Figure, Reference, decode_judged
from molvae.chem.similarity import tanimoto
from molvae.diagnosis.figures import mean_of, spearman
from molvae.diagnosis.posteriors import ecfp4_of
from molvae.molecule_vae import MoleculeVAE

_Path = tuple[str, Sequence[str | None], str]
"""First molecule, the molecules between, and the last."""


def interpolation(
    model: MoleculeVAE, reference: Reference, config: ExploreConfig
) -> Iterator[Figure]:
    """Shares and order of the molecules that latent vectors between two molecules decode to.

    The control of validity and strictness are the posterior means of reference molecules; that of
    the order along a path are reference molecules at random in the place of its inner steps.
    """
    generator = np.random.default_rng([config.seed, 23])
    n, inner = len(reference), config.steps - 2
    ends = np.stack([generator.choice(n, 2, replace=False) for _ in range(config.pairs)])
    shares = np.linspace(0.0, 1.0, config.steps, dtype=np.float32)[1:-1]
    start, end = reference.mean[ends[:, :1]], reference.mean[ends[:, 1:]]
    latents = (start + shares[:, None] * (end - start)).reshape(-1, model.latent_size)
    reading = LatentConfig(workers=config.workers)
    judged = decode_judged(model, latents, reading)
    controls = decode_judged(model, reference.mean[: len(latents)], reading)
    smiles = [molecule.smiles for molecule in reference.molecules]
    rows = [
        [sample.smiles for sample in judged[begin : begin + inner]]
        for begin in range(0, len(judged), inner)
    ]
    picks = generator.integers(n, size=(config.pairs, inner)).tolist()
    paths = [(smiles[a], row, smiles[b]) for (a, b), row in zip(ends.tolist(), rows, strict=True)]
    random = [
        (smiles[a], [smiles[pick] for pick in row], smiles[b])
        for (a, b), row in zip(ends.tolist(), picks, strict=True)
    ]
    for name, sets in {
        "valid": [np.array([s.smiles is not None for s in row]) for row in (judged, controls)],
        "unrepaired": [np.array([s.is_unrepaired for s in row]) for row in (judged, controls)],
    }.items():
        value, control = map(mean_of, sets)
        yield Figure(f"interpolation: {name}", value, control, "posterior means", len(judged))
    for name, measure in {
        "distinct molecules per step": _distinct,
        "similarity to the nearer end": _nearer,
        "rank correlation of position and similarity": _order,
    }.items():
        value, control = (
            float(np.nanmean([measure(path) for path in group])) for group in (paths, random)
        )
        yield Figure(f"interpolation: {name}", value, control, "random molecules", len(paths))


def _distinct(path: _Path) -> float:
    """Distinct molecules between the ends, which do not count, per step."""
    first, between, last = path
    return len({smiles for smiles in between if smiles} - {first, last}) / len(between)


def _similarities(path: _Path) -> list[tuple[float, float]]:
    """Tanimoto similarity of each molecule between the ends to the first and to the last."""
    first, between, last = path
    ends = ecfp4_of(first), ecfp4_of(last)
    return [
        (tanimoto(ecfp4_of(smiles), ends[0]), tanimoto(ecfp4_of(smiles), ends[1]))
        for smiles in between
        if smiles
    ]


def _nearer(path: _Path) -> float:
    return mean_of(np.array([max(pair) for pair in _similarities(path)]))


def _order(path: _Path) -> float:
    """Spearman correlation of the position with similarity to the last less that to the first."""
    differences = np.array([to_last - to_first for to_first, to_last in _similarities(path)])
    return spearman(np.arange(len(differences)), differences)
