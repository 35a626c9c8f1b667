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
_PATH_MEASURES = (
    "distinct molecules per step",
    "similarity to the nearer end",
    "rank correlation of position and similarity",
)


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
    columns = [zip(*map(_path_measures, group), strict=True) for group in (paths, random)]
    for name, *pair in zip(_PATH_MEASURES, *columns, strict=True):
        value, control = (float(np.nanmean(column)) for column in pair)
        yield Figure(f"interpolation: {name}", value, control, "random molecules", len(paths))


def _path_measures(path: _Path) -> tuple[float, float, float]:
    """The values of `_PATH_MEASURES` for the molecules between the ends of a path."""
    first, between, last = path
    decoded = [smiles for smiles in between if smiles]
    # The ends do not count.
    distinct = len(set(decoded) - {first, last}) / len(between)
    similarities = np.array(
        [[tanimoto(ecfp4_of(smiles), ecfp4_of(end)) for end in (first, last)] for smiles in decoded]
    ).reshape(-1, 2)
    # Spearman correlation of the position with similarity to the last less that to the first.
    differences = similarities[:, 1] - similarities[:, 0]
    order = spearman(np.arange(len(differences)), differences)
    return distinct, mean_of(similarities.max(axis=1)), order
