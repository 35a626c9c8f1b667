"""Figures on latent vectors as features, against Morgan bits on the same folds."""

from collections.abc import Iterator

import numpy as np

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_order import neighbor_r2, ridge_r2
from molvae.benchmarks.latent_reference import Figure, Reference
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits
from molvae.metrics.similarity import tanimoto_matrix

PROPERTIES = ("logp", "qed", "sa", "tpsa", "weight")
_BITS = 2_048


def representation(reference: Reference, config: ExploreConfig) -> Iterator[Figure]:
    """R2 of ridge regression and of 5 nearest neighbors, averaged over the folds."""
    values = [property_values(molecule, PROPERTIES) for molecule in reference.molecules]
    y = np.array([[row[name] for name in PROPERTIES] for row in values])
    z = reference.mean.astype(np.float64)
    bits = morgan_bits(reference.molecules, bits=_BITS)
    squares = (z**2).sum(axis=1)
    distances = squares[:, None] + squares - 2.0 * z @ z.T
    similarity = tanimoto_matrix(bits.astype(np.float32), bits.astype(np.float32))
    order = np.random.default_rng([config.seed, 20]).permutation(len(reference))
    scores: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"ridge": [], "5-NN": []}
    for fold in np.array_split(order, config.folds):
        training = np.setdiff1d(order, fold)
        rows = np.concatenate([training, fold])
        tables = (z[rows], bits[rows].astype(np.float64))
        ridges = [ridge_r2(table, y[rows], len(training)) for table in tables]
        scores["ridge"].append((ridges[0], ridges[1]))
        nearest = [
            neighbor_r2(matrix, y, training, fold)
            for matrix in (distances, -similarity.astype(np.float64))
        ]
        scores["5-NN"].append((nearest[0], nearest[1]))
    for method, folds in scores.items():
        of_z, of_bits = np.array(folds).mean(axis=0).tolist()
        for name, value, control in zip(PROPERTIES, of_z, of_bits, strict=True):
            yield Figure(f"{method} R2, {name}", value, control, "Morgan bits", len(order))
