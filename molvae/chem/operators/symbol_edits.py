"""Edits of spellings: a few symbols changed, or two spellings spliced, without a look at chemistry.

Any symbols spell some molecule (`molvae.chem.notation.from_selfies`), so nothing is checked here.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from molvae.chem.notation import Selfies

# How many edits: mostly one, since one may already change all that stands behind it.
EDIT_COUNTS = (1, 1, 1, 2, 2, 3)


class SymbolEdit(StrEnum):
    """What is done to a spelling; each is as likely as the others."""

    INSERT = "insert"
    REPLACE = "replace"
    DELETE = "delete"
    SWAP = "swap"
    """Any two symbols. Where there are not two, this and `DELETE` replace instead."""


_EDITS = tuple(SymbolEdit)


def edit_symbols(
    selfies: Selfies, generator: np.random.Generator, symbols: Sequence[str]
) -> Selfies:
    """The spelling after one to three edits; new symbols are drawn from `symbols`.

    It may come out as it was: a symbol may be replaced by itself, and one edit undo another.
    """
    edited = list(selfies)
    for _ in range(EDIT_COUNTS[generator.integers(len(EDIT_COUNTS))]):
        _edit(edited, generator, symbols)
    return tuple(edited)


def splice(first: Selfies, second: Selfies, generator: np.random.Generator) -> Selfies:
    """The start of one and the end of the other, each cut at any place of its own.

    Neither is empty, unless its spelling is.
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
    place = int(generator.integers(len(selfies)))
    if edit is SymbolEdit.REPLACE or len(selfies) == 1:
        selfies[place] = symbol
    elif edit is SymbolEdit.DELETE:
        del selfies[place]
    else:
        other = (place + 1 + int(generator.integers(len(selfies) - 1))) % len(selfies)
        selfies[place], selfies[other] = selfies[other], selfies[place]
