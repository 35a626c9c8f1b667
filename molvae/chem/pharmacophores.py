"""Pharmacophores of two and three points in a molecule, by Gobbi & Poppinger (1998).

The features are those of RDKit's `Pharm2D.Generate.Gen2DFingerprint` with its Gobbi factory, but
numbered differently: that function enumerates the triples in Python and is ten times slower.
"""

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Int64
from rdkit.Chem import GetDistanceMatrix
from rdkit.Chem.Pharm2D import Gobbi_Pharm2D

from molvae.chem.molecule import Molecule

SIZE = 2**18
"""Exclusive upper bound of pharmacophore numbers."""

_ROLES = 8
_NEAREST, _FAR = 2, 100
"""Range of topological distances: `_NEAREST` included, `_FAR` excluded."""
_BINS = 7
"""Distance bins: two bonds, three, ... seven, eight or more."""
_PAIRS_FROM = _ROLES**3 * _BINS**3
_MOST_AT_ONCE = 64
"""Number of points up to which all triples, 41,664 at most, are enumerated at once."""


def pharmacophores(molecule: Molecule) -> Int64[np.ndarray, " pharmacophore"]:
    """Numbers of the pharmacophores that occur, distinct and sorted."""
    # RDKit's factory has no type hints.
    matches = Gobbi_Pharm2D.factory.GetMolFeats(molecule.mol)  # type: ignore[no-untyped-call]
    # Atoms with a role, listed once per role, and their roles, sorted.
    points = [(atom, role) for role, atoms in enumerate(matches) for (atom,) in atoms]
    atoms, roles = np.array(points, dtype=np.int64).reshape(len(points), 2).T
    bonds = GetDistanceMatrix(molecule.mol)[np.ix_(atoms, atoms)]
    apart = np.where((bonds < _NEAREST) | (bonds >= _FAR), -1, np.minimum(bonds, 8) - _NEAREST)
    apart = apart.astype(np.int64)
    first, second = np.triu_indices(len(roles), k=1)
    bins = apart[first, second]
    pairs = _PAIRS_FROM + ((roles[first] * _ROLES + roles[second]) * _BINS + bins)[bins >= 0]
    triples = [_triples(roles, apart, triple) for triple in _point_triples(len(roles))]
    return np.unique(np.concatenate([pairs, *triples]))


def _triples(
    roles: Int64[np.ndarray, " point"],
    apart: Int64[np.ndarray, "point point"],
    points: tuple[Any, Any, Any],
) -> Int64[np.ndarray, " triple"]:
    """Numbers of the triangles between these points."""
    a, b, c = points
    ab, ac, bc = apart[a, b], apart[a, c], apart[b, c]
    whole = (ab >= 0) & (ac >= 0) & (bc >= 0)
    first, second, third = roles[a[whole]], roles[b[whole]], roles[c[whole]]
    ab, ac, bc = ab[whole], ac[whole], bc[whole]
    # Points of the same role are interchangeable, so that the longer of their sides comes first. If
    # all three roles are equal, the second pass over ab and ac completes the sorting of the sides.
    ab, ac = _longer_first(ab, ac, second == third)
    ac, bc = _longer_first(ac, bc, first == second)
    ab, ac = _longer_first(ab, ac, second == third)
    triangle = (first * _ROLES + second) * _ROLES + third
    return np.asarray(((triangle * _BINS + ab) * _BINS + ac) * _BINS + bc, dtype=np.int64)


def _longer_first(
    first: Int64[np.ndarray, " triple"],
    second: Int64[np.ndarray, " triple"],
    interchangeable: np.ndarray,
) -> tuple[Int64[np.ndarray, " triple"], Int64[np.ndarray, " triple"]]:
    swap = interchangeable & (first < second)
    return np.where(swap, second, first), np.where(swap, first, second)


# Any: three arrays of integers.
def _point_triples(points: int) -> Iterator[tuple[Any, Any, Any]]:
    """All triples of points a < b < c, in blocks that fit in memory."""
    if points <= _MOST_AT_ONCE:
        yield _all_triples(points)
        return
    for first in range(points - 2):
        second, third = np.triu_indices(points - first - 1, k=1)
        yield np.full_like(second, first), second + first + 1, third + first + 1


@cache
def _all_triples(points: int) -> tuple[Any, Any, Any]:
    listed = np.array(list(combinations(range(points), 3)), dtype=np.int64).reshape(-1, 3)
    first, second, third = listed.T.copy()
    return first, second, third
