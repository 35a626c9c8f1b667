"""Edits of SELFIES strings: mutation of a few symbols, and splicing of two strings.

Nearly all symbols decode to a molecule (`molvae.chem.notation.from_selfies`), with no check here.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from molvae.chem.notation import Selfies

# Mostly a single edit, which may already change everything after it.
EDIT_COUNTS = (1, 1, 1, 2, 2, 3)


class SymbolEdit(StrEnum):
    """Kind of edit; all kinds are equally likely."""

    INSERT = "insert"
    REPLACE = "replace"
    DELETE = "delete"
    SWAP = "swap"
    """Exchange of two symbols; with fewer than two, `SWAP` and `DELETE` replace instead."""


_EDITS = tuple(SymbolEdit)


def edit_symbols(
    selfies: Selfies, generator: np.random.Generator, symbols: Sequence[str]
) -> Selfies:
    """The SELFIES after one to three edits, with new symbols drawn from `symbols`.

    They may be unchanged: a symbol may be replaced by itself, or an edit may undo another.
    """
    edited = list(selfies)
    for _ in range(EDIT_COUNTS[generator.integers(len(EDIT_COUNTS))]):
        _edit(edited, generator, symbols)
    return tuple(edited)


def splice(first: Selfies, second: Selfies, generator: np.random.Generator) -> Selfies:
    """Start of the first and end of the second, each cut at a random position.

    Both parts are non-empty unless their SELFIES are empty.
    """
    stop = 1 + int(generator.integers(max(len(first), 1)))
    start = int(generator.integers(max(len(second), 1)))
    return first[:stop] + second[start:]


def _edit(selfies: list[str], generator: np.random.Generator, symbols: Sequence[str]) -> None:
    edit = _EDITS[generator.integers(len(_EDITS))]
    symbol = symbols[int(generator.integers(len(symbols)))]
    if edit is SymbolEdit.INSERT or not selfies:
        selfies.insert(int(generator.integers(len(selfies) + 1)), symbol)
        return
    position = int(generator.integers(len(selfies)))
    if edit is SymbolEdit.REPLACE or len(selfies) == 1:
        selfies[position] = symbol
    elif edit is SymbolEdit.DELETE:
        del selfies[position]
    else:
        second = (position + 1 + int(generator.integers(len(selfies) - 1))) % len(selfies)
        selfies[position], selfies[second] = selfies[second], selfies[position]
