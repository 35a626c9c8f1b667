"""TanimotoProcess: predicts scores of molecules from those of similar molecules.

An exact Gaussian process with the min-max Tanimoto kernel on counted ECFP6 features and fixed
hyperparameters, which Tripp & Hernandez-Lobato 2024 ("Diagnosing and fixing common problems in
Bayesian optimization for molecule design") found best on PMO.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.sparse import csr_array

Features = Sequence[Int64[np.ndarray, " _"]]

_NOISE = 1e-4
"""Noise variance, where the prior variance is 1."""
_FREQUENT = 0.05
"""Fraction of the molecules above which a feature's column is stored densely, as it is cheaper."""


@dataclass(frozen=True)
class _Table:
    """Features of molecules; the columns of the frequent ones are dense."""

    dense: Float32[np.ndarray, "molecule frequent"]
    sparse: csr_array
    sizes: Float64[np.ndarray, " molecule"]
    """Number of features of each molecule, including those without a column."""


@dataclass(frozen=True)
class Prediction:
    """Predicted scores of molecules."""

    mean: Float64[np.ndarray, " molecule"]
    deviation: Float64[np.ndarray, " molecule"]
    covariance: Float64[np.ndarray, "molecule molecule"] | None = None

    def upper_bound(self, beta: float) -> Float64[np.ndarray, " molecule"]:
        """Upper confidence bound: mean + beta x deviation (Srinivas et al. 2010)."""
        bound: np.ndarray = self.mean + beta * self.deviation
        return bound


class TanimotoProcess:
    """The process conditioned on molecules and their scores."""

    def __init__(self, features: Features, scores: Float64[np.ndarray, " molecule"]) -> None:
        self._columns = _Columns.of(features)
        self._known = self._columns.table(features)
        kernel = _tanimoto(self._known, self._known)
        kernel[np.diag_indices_from(kernel)] += _NOISE
        self._factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve(self._factor, scores, check_finite=False)

    def predict(self, features: Features, *, jointly: bool = False) -> Prediction:
        """Mean and standard deviation of each score; with `jointly` their covariance too."""
        across = _tanimoto(self._columns.table(features), self._known)
        spread = solve_triangular(self._factor[0], across.T, lower=True, check_finite=False)
        mean = across @ self._weights
        if not jointly:
            variance = 1.0 - np.einsum("km,km->m", spread, spread)
            return Prediction(mean, np.sqrt(np.maximum(variance, 0.0)))
        covariance = tanimoto_table(features) - spread.T @ spread
        variance = np.maximum(np.diagonal(covariance), 0.0)
        return Prediction(mean, np.sqrt(variance), covariance)


@dataclass(frozen=True)
class _Columns:
    """Features that have a column, sorted, and the column of each, the most frequent first."""

    features: Int64[np.ndarray, " feature"]
    columns: Int64[np.ndarray, " feature"]
    frequent: int

    @classmethod
    def of(cls, features: Features) -> "_Columns":
        """A column for each feature that occurs."""
        distinct, counts = np.unique(np.concatenate(features), return_counts=True)
        columns = np.empty(len(distinct), dtype=np.int64)
        columns[np.argsort(-counts, kind="stable")] = np.arange(len(distinct))
        return cls(distinct, columns, int((counts > _FREQUENT * len(features)).sum()))

    def table(self, features: Features) -> _Table:
        """Table of molecules; features without a column count towards their size only."""
        sizes = np.array([len(row) for row in features], dtype=np.int64)
        occurring = np.concatenate(features)
        rows = np.repeat(np.arange(len(features)), sizes)
        at = np.minimum(np.searchsorted(self.features, occurring), len(self.features) - 1)
        known = self.features[at] == occurring
        rows, columns = rows[known], self.columns[at[known]]
        often = columns < self.frequent
        dense = np.zeros((len(features), self.frequent), dtype=np.float32)
        dense[rows[often], columns[often]] = 1.0
        rows, columns = rows[~often], columns[~often] - self.frequent
        width = len(self.features) - self.frequent
        ones = np.ones(len(rows), dtype=np.float32)
        sparse = csr_array((ones, (rows, columns)), shape=(len(features), width))
        return _Table(dense, sparse, sizes.astype(np.float64))


def tanimoto_table(features: Features) -> Float64[np.ndarray, "molecule molecule"]:
    """Pairwise Tanimoto similarity, in [0, 1]."""
    table = _Columns.of(features).table(features)
    return _tanimoto(table, table)


def believing_picks(predicted: Prediction, beta: float, n: int) -> Int64[np.ndarray, " pick"]:
    """Rows of `n` molecules, each the most promising given the ones picked before it.

    A picked molecule is assumed to have its predicted score, which leaves the means as they are and
    reduces the variance of similar molecules (Kriging believer, Ginsbourger et al. 2010).

    Args:
        predicted: with the covariance, see `TanimotoProcess.predict`.
        beta: weight of the standard deviation.
        n: number of picks, at most all molecules.
    """
    if predicted.covariance is None:
        raise ValueError("picking jointly needs the covariance")
    covariance = predicted.covariance.copy()
    picks: list[int] = []
    is_open = np.ones(len(predicted.mean), dtype=np.bool_)
    for _ in range(min(n, len(is_open))):
        deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        bound = np.where(is_open, predicted.mean + beta * deviation, -np.inf)
        best = int(bound.argmax())
        picks.append(best)
        is_open[best] = False
        shared = covariance[best]
        covariance -= np.outer(shared, shared) / (shared[best] + _NOISE)
    return np.array(picks, dtype=np.int64)


def _tanimoto(a: _Table, b: _Table) -> Float64[np.ndarray, "a b"]:
    # Counts of a few hundred features: exact in single precision.
    shared: np.ndarray = a.dense @ b.dense.T
    shared += (a.sparse @ b.sparse.T).toarray()
    similarity: np.ndarray = shared / (a.sizes[:, None] + b.sizes[None, :] - shared)
    return similarity
