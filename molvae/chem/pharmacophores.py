"""Which pharmacophores of two and three points a molecule shows, by Gobbi & Poppinger (1998).

The same bits as `Pharm2D.Generate.Gen2DFingerprint` of RDKit with its Gobbi factory, under numbers
of our own: that walks through the triples in Python and takes some ten times as long.
"""

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Int64
from rdkit.Chem import GetDistanceMatrix, Mol
from rdkit.Chem.Pharm2D import Gobbi_Pharm2D

from molvae.chem.molecule import Molecule

SIZE = 2**18
"""All numbers of pharmacophores lie below."""

_ROLES = 8
_NEAREST, _FAR = 2, 100
"""Bonds: points nearer than the one, or as far apart as the other, make no pharmacophore."""
_BINS = 7
"""Two bonds, three, ... seven, eight or more."""
_PAIRS_FROM = _ROLES**3 * _BINS**3
_MOST_AT_ONCE = 64
"""Points up to which all triples are listed at once; there are 41,664 of them."""


def pharmacophores(molecule: Molecule) -> Int64[np.ndarray, " pharmacophore"]:
    """Numbers of the pharmacophores that occur, each once, rising."""
    atoms, roles = _points(molecule.mol)
    bonds = GetDistanceMatrix(molecule.mol)[np.ix_(atoms, atoms)]
    apart = np.where((bonds < _NEAREST) | (bonds >= _FAR), -1, np.minimum(bonds, 8) - _NEAREST)
    apart = apart.astype(np.int64)
    found = [_triples(roles, apart, places) for places in _places_of_triples(len(roles))]
    return np.unique(np.concatenate([_pairs(roles, apart), *found]))


def _points(mol: Mol) -> tuple[Int64[np.ndarray, " point"], Int64[np.ndarray, " point"]]:
    """Atoms that play a role, once for each, and the roles, which rise."""
    # RDKit's factory carries no type hints.
    matches = Gobbi_Pharm2D.factory.GetMolFeats(mol)  # type: ignore[no-untyped-call]
    found = [(atom, role) for role, atoms in enumerate(matches) for (atom,) in atoms]
    table = np.array(found, dtype=np.int64).reshape(len(found), 2)
    return table[:, 0], table[:, 1]


def _pairs(
    roles: Int64[np.ndarray, " point"], apart: Int64[np.ndarray, "point point"]
) -> Int64[np.ndarray, " pair"]:
    first, second = np.triu_indices(len(roles), k=1)
    bins = apart[first, second]
    numbers = (roles[first] * _ROLES + roles[second]) * _BINS + bins
    return np.asarray(_PAIRS_FROM + numbers[bins >= 0], dtype=np.int64)


def _triples(
    roles: Int64[np.ndarray, " point"],
    apart: Int64[np.ndarray, "point point"],
    places: tuple[Any, Any, Any],
) -> Int64[np.ndarray, " triple"]:
    """Numbers of the triangles between the points at these places."""
    a, b, c = places
    ab, ac, bc = apart[a, b], apart[a, c], apart[b, c]
    whole = (ab >= 0) & (ac >= 0) & (bc >= 0)
    first, second, third = roles[a[whole]], roles[b[whole]], roles[c[whole]]
    ab, ac, bc = ab[whole], ac[whole], bc[whole]
    # Points of one role are interchangeable: the side of the pair that is longer comes first. The
    # second pass over ab and ac is needed where all three are of one role, and sorts three sides.
    ab, ac = _longer_first(ab, ac, second == third)
    ac, bc = _longer_first(ac, bc, first == second)
    ab, ac = _longer_first(ab, ac, second == third)
    triangle = (first * _ROLES + second) * _ROLES + third
    return np.asarray(((triangle * _BINS + ab) * _BINS + ac) * _BINS + bc, dtype=np.int64)


def _longer_first(
    one: Int64[np.ndarray, " triple"],
    other: Int64[np.ndarray, " triple"],
    interchangeable: np.ndarray,
) -> tuple[Int64[np.ndarray, " triple"], Int64[np.ndarray, " triple"]]:
    swapped = interchangeable & (one < other)
    return np.where(swapped, other, one), np.where(swapped, one, other)


# Any: three arrays of integers, the first of which may be a single one spread over the others.
def _places_of_triples(points: int) -> Iterator[tuple[Any, Any, Any]]:
    """Places a < b < c of all triples, in portions that fit the memory."""
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
