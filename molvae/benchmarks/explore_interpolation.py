"""Figures on straight paths between molecules, against random ones and a fingerprint path."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float32, Int64

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_reference import Figure, Reference, decode_judged
from molvae.chem.molecule import Molecule
from molvae.chem.similarity import substructure_counts, tanimoto
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
_COUNTS = 2_048
"""Substructures to which fingerprints are folded."""


def interpolation(
    model: MoleculeVAE, reference: Reference, config: ExploreConfig
) -> Iterator[Figure]:
    """Shares and order of the molecules that latent vectors between two molecules decode to.

    Paths lead from one refined latent vector to another, as those of `interpolate` do. The control
    of validity and strictness are the posterior means of reference molecules. The order along a
    path has two controls, with other molecules as the inner steps: random reference molecules, and
    the reference molecules closest to a straight path in fingerprint space.
    """
    generator = np.random.default_rng([config.seed, 23])
    n, inner = len(reference), config.steps - 2
    ends = np.stack([generator.choice(n, 2, replace=False) for _ in range(config.pairs)])
    shares = np.linspace(0.0, 1.0, config.steps, dtype=np.float32)[1:-1]
    refined = reference.mean.copy()
    used = np.unique(ends)
    refined[used] = model.refine([reference.selfies_rows[i] for i in used], reference.mean[used])
    start, end = refined[ends[:, :1]], refined[ends[:, 1:]]
    latents = (start + shares[:, None] * (end - start)).reshape(-1, model.latent_size)
    reading = LatentConfig(workers=config.workers)
    judged = decode_judged(model, latents, reading)
    controls = decode_judged(model, reference.mean[: len(latents)], reading)
    for name, sets in {
        "valid": [np.array([s.smiles is not None for s in row]) for row in (judged, controls)],
        "unrepaired": [np.array([s.is_unrepaired for s in row]) for row in (judged, controls)],
    }.items():
        value, control = map(mean_of, sets)
        yield Figure(f"interpolation: {name}", value, control, "posterior means", len(judged))
    smiles = [molecule.smiles for molecule in reference.molecules]
    picks = {
        "random molecules": generator.integers(n, size=(config.pairs, inner)),
        "fingerprint path": fingerprint_paths(reference.molecules, ends, shares),
    }
    tables = {
        "latent": [sample.smiles for sample in judged],
        **{name: [smiles[pick] for pick in rows.ravel()] for name, rows in picks.items()},
    }
    means = {name: _mean_measures(smiles, ends, table) for name, table in tables.items()}
    for against in picks:
        suffix = "" if against == "random molecules" else f", against {against}"
        for name, value, control in zip(
            _PATH_MEASURES, means["latent"], means[against], strict=True
        ):
            yield Figure(f"interpolation: {name}{suffix}", value, control, against, len(ends))


def fingerprint_paths(
    molecules: Sequence[Molecule],
    ends: Int64[np.ndarray, "path end"],
    shares: Float32[np.ndarray, " step"],
) -> Int64[np.ndarray, "path step"]:
    """Indices of the molecules closest to each step of a straight path between fingerprints.

    The fingerprint of a step is (1 - share) times that of the first end plus share times that of
    the last. Closest is the highest Tanimoto similarity x.y / (|x|^2 + |y|^2 - x.y) of counts of
    circular substructures; the ends of a path are not steps of it.

    Args:
        molecules: molecules to choose from.
        ends: index of the first and of the last molecule of each path.
        shares: positions of the steps, in (0, 1).
    """
    counts = substructure_counts(molecules, _COUNTS).astype(np.float32)
    squares = (counts**2).sum(axis=1)
    picks = np.empty((len(ends), len(shares)), dtype=np.int64)
    for row, (first, last) in enumerate(ends.tolist()):
        steps = counts[first] + shares[:, None] * (counts[last] - counts[first])
        products = steps @ counts.T
        similarities = products / ((steps**2).sum(axis=1)[:, None] + squares - products)
        similarities[:, [first, last]] = -np.inf
        picks[row] = similarities.argmax(axis=1)
    return picks


def _mean_measures(
    smiles: Sequence[str],
    ends: Int64[np.ndarray, "path end"],
    steps: Sequence[str | None],
) -> list[float]:
    """Mean of each of `_PATH_MEASURES` over the paths, whose steps follow one another."""
    inner = len(steps) // len(ends)
    measures = [
        _path_measures((smiles[first], steps[row * inner : (row + 1) * inner], smiles[last]))
        for row, (first, last) in enumerate(ends.tolist())
    ]
    means: list[float] = np.nanmean(measures, axis=0).tolist()
    return means


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
