"""Tanimoto similarities between large sets, block by block: memory does not grow with the sets."""

from collections.abc import Iterator
from math import nan

import numpy as np
from jaxtyping import Float32, UInt8
from tqdm import tqdm

from molvae.metrics.description import PackedBits

_BLOCK = 1024
"""Rows of a block; the similarities of two blocks then stay in a processor's cache."""

NEAR = 0.9
"""Tanimoto similarity from which two molecules count as near."""


def nearest_similarities(
    queries: UInt8[np.ndarray, "query byte"],
    others: PackedBits,
    *,
    title: str = "",
    progress: bool = False,
) -> Float32[np.ndarray, " query"]:
    """Similarity of each query to the most similar of the other molecules; 0 if there are none."""
    nearest = np.zeros(len(queries), dtype=np.float32)
    with tqdm(total=len(queries), desc=title, unit="mol", disable=not progress) as bar:
        for start, block in _blocks(queries):
            best = nearest[start : start + len(block)]
            for _, columns in _blocks(others):
                np.maximum(best, tanimoto_matrix(block, columns).max(1), out=best)
            bar.update(len(block))
    return nearest


def internal_diversity(bits: PackedBits) -> tuple[float, float]:
    """IntDiv_1 and IntDiv_2 of MOSES (Polykovskiy et al. 2020); NaN for an empty set.

    One minus the mean similarity of a molecule to the set, itself included, averaged over the set:
    with the arithmetic mean, then with the quadratic mean.
    """
    if not len(bits):
        return nan, nan
    totals = np.zeros((2, len(bits)))
    for start, block in _blocks(bits):
        for _, columns in _blocks(bits):
            similar = tanimoto_matrix(block, columns)
            here = slice(start, start + len(block))
            totals[0, here] += similar.sum(1, dtype=np.float64)
            totals[1, here] += np.square(similar, out=similar).sum(1, dtype=np.float64)
    plain, quadratic = totals / len(bits)
    return 1 - float(plain.mean()), 1 - float(np.sqrt(quadratic).mean())


def tanimoto_matrix(
    a: Float32[np.ndarray, "row bit"], b: Float32[np.ndarray, "column bit"]
) -> Float32[np.ndarray, "row column"]:
    """Shared bits over all bits of each pair; 1.0 when both are empty, as MOSES has it."""
    ones_a, ones_b = a.sum(1), b.sum(1)
    shared: Float32[np.ndarray, "row column"] = a @ b.T
    union = np.add.outer(ones_a, ones_b)
    union -= shared
    with np.errstate(invalid="ignore"):
        shared /= union
    shared[np.ix_(ones_a == 0, ones_b == 0)] = 1.0
    return shared


def _blocks(bits: PackedBits) -> Iterator[tuple[int, Float32[np.ndarray, "row bit"]]]:
    """Position of the first row, and the rows with a bit per column."""
    for start in range(0, len(bits), _BLOCK):
        yield start, np.unpackbits(bits[start : start + _BLOCK], axis=1).astype(np.float32)
