"""Figures of the latent space benchmark on order: neighbors, other SELFIES, ridge regression."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_reconstruction import edit
from molvae.benchmarks.latent_reference import Figure, Latents, Reference, decode_judged, is_known
from molvae.chem.molecule import Molecule
from molvae.chem.notation import random_selfies
from molvae.chem.properties import property_values
from molvae.chem.screening import JudgedSelfies
from molvae.chem.similarity import morgan_bits
from molvae.metrics.similarity import tanimoto_matrix
from molvae.molecule_vae import MoleculeVAE

PROPERTIES = ("logp", "qed", "tpsa", "weight")
MIN_SIMILARITY = 0.4
"""Tanimoto similarity above which a neighbor is usable."""
NOISE_LEVELS = (
    *(("posterior", level) for level in (1.0, 2.0, 3.0, 4.0)),
    *(("isotropic", level) for level in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)),
)
"""Noise added to posterior means, in standard deviations of the posterior or of N(0, I)."""
_NEIGHBORS = 5
_BITS = 2_048
_PENALTIES = tuple(10.0**power for power in range(-2, 5))
"""Ridge penalties, from which a fifth of the training molecules chooses."""
_ROWS = 512


def other_selfies(
    model: MoleculeVAE, reference: Reference, config: LatentConfig
) -> Iterator[Figure]:
    """Whether a random SELFIES of a molecule is encoded near the canonical one."""
    generator = np.random.default_rng([config.seed, 10])
    rows, selfies_rows = [], []
    for row, molecule in enumerate(reference.molecules[: config.respelled]):
        selfies = random_selfies(molecule, generator)
        if selfies is not None and is_known(model, selfies):
            rows.append(row)
            selfies_rows.append(selfies)
    if not rows:
        return
    own = np.array(rows)
    distances = _distances(model.posterior(selfies_rows)[0], reference.mean)
    count = np.arange(len(rows))
    own_distance = distances[count, own].copy()
    distances[count, own] = np.inf
    other_distance = distances.min(axis=1)
    n = len(rows)
    yield Figure(
        "another SELFIES: own latent vector is the nearest",
        float((own_distance <= other_distance).mean()),
        1.0 / len(reference),
        "chance",
        n,
    )
    yield Figure(
        "another SELFIES: median distance to the own latent vector",
        float(np.median(own_distance)),
        float(np.median(other_distance)),
        "to the nearest other molecule",
        n,
    )


def ridge(reference: Reference, config: LatentConfig) -> Iterator[Figure]:
    """R2 of ridge regressions of properties on latent vectors, and on Morgan bits."""
    values = [property_values(molecule, PROPERTIES) for molecule in reference.molecules]
    y = np.array([[row[name] for name in PROPERTIES] for row in values])
    order = np.random.default_rng([config.seed, 11]).permutation(len(reference))
    cut = len(order) * 4 // 5
    bits = morgan_bits(reference.molecules, bits=_BITS)
    scores = [
        ridge_r2(table[order].astype(np.float64), y[order], cut) for table in (reference.mean, bits)
    ]
    for name, value, control in zip(PROPERTIES, *scores, strict=True):
        yield Figure(
            f"ridge R2, {name}", float(value), float(control), "Morgan bits", len(order) - cut
        )


def ridge_r2(
    x: Float64[np.ndarray, "molecule feature"],
    y: Float64[np.ndarray, "molecule property"],
    cut: int,
) -> Float64[np.ndarray, " property"]:
    """R2 on the rows from `cut` on; a fifth of the rows before chooses the penalty per column."""
    inner = cut * 4 // 5
    trials = [_r2(x[:cut], y[:cut], inner, penalty) for penalty in _PENALTIES]
    best = np.argmax(np.array(trials), axis=0)
    columns = [
        _r2(x, y[:, [column]], cut, _PENALTIES[choice])[0] for column, choice in enumerate(best)
    ]
    return np.array(columns)


def neighbor_r2(
    distances: Float64[np.ndarray, "row column"],
    y: Float64[np.ndarray, "row property"],
    training: Int64[np.ndarray, " training"],
    fold: Int64[np.ndarray, " fold"],
) -> Float64[np.ndarray, " property"]:
    """R2 of the mean property of the nearest training molecules."""
    nearest = np.argsort(distances[np.ix_(fold, training)], axis=1, kind="stable")[:, :_NEIGHBORS]
    predicted = y[training][nearest].mean(axis=1)
    residual = ((y[fold] - predicted) ** 2).sum(axis=0)
    total = ((y[fold] - y[training].mean(axis=0)) ** 2).sum(axis=0)
    r2: np.ndarray = 1.0 - residual / total
    return r2


def nearest_neighbors(reference: Reference, config: LatentConfig) -> Iterator[Figure]:
    """Mean Tanimoto similarity of each molecule to the molecule with the nearest latent vector."""
    bits = morgan_bits(reference.molecules, bits=_BITS).astype(np.float32)
    n = len(reference)
    rows = np.arange(n)
    random = (rows + np.random.default_rng([config.seed, 12]).integers(1, n, size=n)) % n
    nearest, best, by_chance = np.empty(n), np.empty(n), np.empty(n)
    for begin in range(0, n, _ROWS):
        here = rows[begin : begin + _ROWS]
        local = np.arange(len(here))
        similarity = tanimoto_matrix(bits[here], bits)
        distance = _distances(reference.mean[here], reference.mean)
        distance[local, here] = np.inf
        nearest[here] = similarity[local, distance.argmin(axis=1)]
        by_chance[here] = similarity[local, random[here]]
        similarity[local, here] = -1.0
        best[here] = similarity.max(axis=1)
    name = "nearest neighbor in z, Tanimoto"
    yield Figure(name, float(nearest.mean()), float(best.mean()), "best possible", n)
    yield Figure(name, float(nearest.mean()), float(by_chance.mean()), "random molecule", n)


def usable_neighbors(
    model: MoleculeVAE, reference: Reference, config: LatentConfig
) -> tuple[list[Figure], Mapping[str, list[float]]]:
    """Usable molecules per decoded neighbor at the best noise level, and the shares at each level.

    A neighbor is usable if its SELFIES is unrepaired and it is another molecule at Tanimoto
    similarity above 0.4. The first figure and share also ask that its SELFIES is canonical.
    """
    generator = np.random.default_rng([config.seed, 13])
    n = min(config.starts, len(reference))
    rows = np.repeat(np.arange(n), config.directions)
    noise = generator.standard_normal((len(rows), model.latent_size), np.float32)
    shares = {}
    for kind, level in NOISE_LEVELS:
        scale = reference.deviation[rows] if kind == "posterior" else np.float32(1.0)
        moved = reference.mean[rows] + np.float32(level) * scale * noise
        judged = decode_judged(model, moved, config)
        usable = _usable(reference, rows, judged)
        canonical = np.array([sample.is_canonical for sample in judged])
        shares[f"{kind} {level:g}"] = [float((usable & canonical).mean()), float(usable.mean())]
    edited = [edit(molecule, 1, generator) for molecule in reference.molecules[:n]]
    children = [JudgedSelfies((), child.smiles if child else None) for child in edited]
    control = float(_usable(reference, np.arange(n), children).mean())
    names = ("usable neighbors per decode", "usable neighbors per decode, canonical or not")
    best = np.array(list(shares.values())).max(axis=0).tolist()
    figures = [
        Figure(name, value, control, "random graph edits", len(rows))
        for name, value in zip(names, best, strict=True)
    ]
    return figures, shares


def _distances(
    queries: Float32[np.ndarray, "query latent"], others: Latents
) -> Float64[np.ndarray, "query molecule"]:
    a, b = queries.astype(np.float64), others.astype(np.float64)
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
    distances: np.ndarray = np.sqrt(np.maximum(squared, 0.0))
    return distances


def _r2(
    x: Float64[np.ndarray, "molecule feature"],
    y: Float64[np.ndarray, "molecule property"],
    cut: int,
    penalty: float,
) -> Float64[np.ndarray, " property"]:
    """R2 on the rows from `cut` on, of w = (X'X + penalty I)^-1 X'y fitted to the rows before."""
    x_mean, y_mean = x[:cut].mean(axis=0), y[:cut].mean(axis=0)
    a, b = x[:cut] - x_mean, y[:cut] - y_mean
    weights = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ b)
    residual = y[cut:] - y_mean - (x[cut:] - x_mean) @ weights
    spread = y[cut:] - y[cut:].mean(axis=0)
    r2: np.ndarray = 1.0 - (residual**2).sum(axis=0) / np.maximum((spread**2).sum(axis=0), 1e-12)
    return r2


def _usable(
    reference: Reference, rows: Int64[np.ndarray, " sample"], judged: Sequence[JudgedSelfies]
) -> Bool[np.ndarray, " sample"]:
    """Whether each sample, decoded near the reference molecule of that row, is usable."""
    usable = np.zeros(len(judged), dtype=np.bool_)
    candidates = [
        (at, Molecule.parse(sample.smiles))
        for at, (row, sample) in enumerate(zip(rows.tolist(), judged, strict=True))
        if sample.smiles
        and sample.is_unrepaired
        and sample.smiles != reference.molecules[row].smiles
    ]
    if not candidates:
        return usable
    places = np.array([at for at, _ in candidates])
    a = morgan_bits([molecule for _, molecule in candidates], bits=_BITS).astype(np.float32)
    starts = [reference.molecules[row] for row in rows[places].tolist()]
    b = morgan_bits(starts, bits=_BITS).astype(np.float32)
    shared = (a * b).sum(axis=1)
    similarity = shared / np.maximum(a.sum(axis=1) + b.sum(axis=1) - shared, 1.0)
    usable[places] = similarity > MIN_SIMILARITY
    return usable
