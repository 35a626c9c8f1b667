"""TanimotoProcess: what scores to expect of molecules that are like those scored, and how surely.

An exact Gaussian process with the min-max Tanimoto kernel on counted ECFP6 features and fixed
parameters, as Tripp & Hernandez-Lobato 2024 ("Diagnosing and fixing common problems in Bayesian
optimization for molecule design") found best on PMO.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.sparse import csr_array

Features = Sequence[Int64[np.ndarray, " _"]]

_NOISE = 1e-4
"""Variance of a score about its expectation, where that of the prior is 1."""


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
        self._columns = np.unique(np.concatenate(features))
        self._known = self._table(features)
        self._sizes = np.array([len(one) for one in features], dtype=np.float64)
        kernel = self._similarity(features)
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
        sizes = np.array([len(one) for one in features], dtype=np.float64)
        return _tanimoto(self._table(features), self._known, sizes, self._sizes)

    def _table(self, features: Features) -> csr_array:
        """Which of the known molecules' features occur; what only others have counts by size."""
        rows = []
        for one in features:
            places = np.searchsorted(self._columns, one)
            places[places == len(self._columns)] = 0
            rows.append(places[self._columns[places] == one])
        return _sparse(rows, len(self._columns))


def tanimoto_table(features: Features) -> Float64[np.ndarray, "molecule molecule"]:
    """Similarity of each to each, in [0, 1]."""
    columns = np.unique(np.concatenate(features))
    table = _sparse([np.searchsorted(columns, one) for one in features], len(columns))
    sizes = np.array([len(one) for one in features], dtype=np.float64)
    return _tanimoto(table, table, sizes, sizes)


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


def _sparse(rows: Sequence[Int64[np.ndarray, " _"]], width: int) -> csr_array:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    places = np.concatenate(rows) if rows else np.empty(0, np.int64)
    return csr_array((np.ones(len(places)), places, starts), shape=(len(rows), width))


def _tanimoto(
    a: csr_array,
    b: csr_array,
    sizes_a: Float64[np.ndarray, " a"],
    sizes_b: Float64[np.ndarray, " b"],
) -> Float64[np.ndarray, "a b"]:
    shared: np.ndarray = (a @ b.T).toarray()
    similarity: np.ndarray = shared / (sizes_a[:, None] + sizes_b[None, :] - shared)
    return similarity
