"""TanimotoProcess: what scores to expect of molecules that are like those scored, and how surely.

An exact Gaussian process with the min-max Tanimoto kernel on counted ECFP6 features and fixed
parameters, as Tripp & Hernandez-Lobato 2024 ("Diagnosing and fixing common problems in Bayesian
optimization for molecule design") found best on PMO.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.sparse import csr_array

Features = Sequence[Int64[np.ndarray, " _"]]

_NOISE = 1e-4
"""Variance of a score about its expectation, where that of the prior is 1."""
_FREQUENT = 0.05
"""Share of the molecules beyond which a feature is counted densely: its column is then cheaper
as numbers for a matrix product than as places of them."""


@dataclass(frozen=True)
class _Table:
    """Which features occur in which molecules; the first columns, the frequent ones, densely."""

    dense: Float32[np.ndarray, "molecule frequent"]
    sparse: csr_array
    sizes: Float64[np.ndarray, " molecule"]
    """Features of each molecule, those without a column too."""


@dataclass(frozen=True)
class Expectation:
    """Of each of some molecules."""

    mean: Float64[np.ndarray, " molecule"]
    deviation: Float64[np.ndarray, " molecule"]
    covariance: Float64[np.ndarray, "molecule molecule"] | None = None

    def optimistic(self, beta: float) -> Float64[np.ndarray, " molecule"]:
        """The upper confidence bound: mean + beta x deviation (Srinivas et al. 2010)."""
        bound: np.ndarray = self.mean + beta * self.deviation
        return bound


class TanimotoProcess:
    """The process, given molecules and their scores."""

    def __init__(self, features: Features, scores: Float64[np.ndarray, " molecule"]) -> None:
        self._columns = _Columns.of(features)
        self._known = self._columns.table(features)
        kernel = _tanimoto(self._known, self._known)
        kernel[np.diag_indices_from(kernel)] += _NOISE
        self._factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve(self._factor, scores, check_finite=False)

    def expect(self, features: Features, *, jointly: bool = False) -> Expectation:
        """Mean and deviation of each molecule's score; `jointly`, how they vary together too."""
        across = self._similarity(features)
        spread = solve_triangular(self._factor[0], across.T, lower=True, check_finite=False)
        mean = across @ self._weights
        if not jointly:
            variance = 1.0 - np.einsum("km,km->m", spread, spread)
            return Expectation(mean, np.sqrt(np.maximum(variance, 0.0)))
        covariance = tanimoto_table(features) - spread.T @ spread
        variance = np.maximum(np.diagonal(covariance), 0.0)
        return Expectation(mean, np.sqrt(variance), covariance)

    def _similarity(self, features: Features) -> Float64[np.ndarray, "molecule known"]:
        """To each known molecule."""
        return _tanimoto(self._columns.table(features), self._known)


@dataclass(frozen=True)
class _Columns:
    """Features that have a column: sorted, with the place of each, the most frequent first."""

    features: Int64[np.ndarray, " feature"]
    places: Int64[np.ndarray, " feature"]
    frequent: int

    @classmethod
    def of(cls, features: Features) -> "_Columns":
        """A column for each feature that occurs."""
        found, counts = np.unique(np.concatenate(features), return_counts=True)
        places = np.empty(len(found), dtype=np.int64)
        places[np.argsort(-counts, kind="stable")] = np.arange(len(found))
        return cls(found, places, int((counts > _FREQUENT * len(features)).sum()))

    def table(self, features: Features) -> _Table:
        """Which of the columns' features occur; what only others have counts by size."""
        sizes = np.array([len(one) for one in features], dtype=np.int64)
        occurring = np.concatenate(features)
        rows = np.repeat(np.arange(len(features)), sizes)
        at = np.minimum(np.searchsorted(self.features, occurring), len(self.features) - 1)
        known = self.features[at] == occurring
        rows, places = rows[known], self.places[at[known]]
        often = places < self.frequent
        dense = np.zeros((len(features), self.frequent), dtype=np.float32)
        dense[rows[often], places[often]] = 1.0
        rows, places = rows[~often], places[~often] - self.frequent
        width = len(self.features) - self.frequent
        ones = np.ones(len(rows), dtype=np.float32)
        sparse = csr_array((ones, (rows, places)), shape=(len(features), width))
        return _Table(dense, sparse, sizes.astype(np.float64))


def tanimoto_table(features: Features) -> Float64[np.ndarray, "molecule molecule"]:
    """Similarity of each to each, in [0, 1]."""
    table = _Columns.of(features).table(features)
    return _tanimoto(table, table)


def believing_picks(expected: Expectation, beta: float, n: int) -> Int64[np.ndarray, " pick"]:
    """Places of `n` molecules, each the most promising once those before it are believed.

    A score believed to be its expectation leaves every mean as it is and takes from the others'
    variance what they share with it (Kriging believer, Ginsbourger et al. 2010).

    Args:
        expected: with the covariance, see `TanimotoProcess.expect`.
        beta: weight of the deviation.
        n: how many, at most all.
    """
    if expected.covariance is None:
        raise ValueError("picking jointly needs the covariance")
    covariance = expected.covariance.copy()
    taken: list[int] = []
    open_places = np.ones(len(expected.mean), dtype=np.bool_)
    for _ in range(min(n, len(open_places))):
        deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        bound = np.where(open_places, expected.mean + beta * deviation, -np.inf)
        best = int(bound.argmax())
        taken.append(best)
        open_places[best] = False
        shared = covariance[best]
        covariance -= np.outer(shared, shared) / (shared[best] + _NOISE)
    return np.array(taken, dtype=np.int64)


def _tanimoto(a: _Table, b: _Table) -> Float64[np.ndarray, "a b"]:
    # Counts of a few hundred features: exact in single precision.
    shared: np.ndarray = a.dense @ b.dense.T
    shared += (a.sparse @ b.sparse.T).toarray()
    similarity: np.ndarray = shared / (a.sizes[:, None] + b.sizes[None, :] - shared)
    return similarity
