"""Edits of SELFIES strings: mutation of a few symbols, and splicing of two strings.

Any symbols decode to some molecule (`molvae.chem.notation.from_selfies`): nothing is checked here.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from molvae.chem.notation import Selfies

# Mostly a single edit, since it may already change everything behind it.
EDIT_COUNTS = (1, 1, 1, 2, 2, 3)


class SymbolEdit(StrEnum):
    """Kind of edit; all kinds are equally likely."""

    INSERT = "insert"
    REPLACE = "replace"
    DELETE = "delete"
    SWAP = "swap"
    """Exchange of any two symbols; with fewer than two, `SWAP` and `DELETE` replace instead."""


_EDITS = tuple(SymbolEdit)


def edit_symbols(
    selfies: Selfies, generator: np.random.Generator, symbols: Sequence[str]
) -> Selfies:
    """The SELFIES after one to three edits, with new symbols drawn from `symbols`.

    They may be unchanged: a symbol may be replaced by itself, and an edit undo the one before.
    """
    edited = list(selfies)
    for _ in range(EDIT_COUNTS[generator.integers(len(EDIT_COUNTS))]):
        _edit(edited, generator, symbols)
    return tuple(edited)


def splice(first: Selfies, second: Selfies, generator: np.random.Generator) -> Selfies:
    """The start of the first and the end of the second, each cut at a random position.

    Neither is empty, unless its SELFIES are.
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
