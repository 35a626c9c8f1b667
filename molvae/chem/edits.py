"""Edits of spellings: a few symbols changed, or two spellings spliced, without a look at chemistry.

Any symbols spell some molecule (`molvae.chem.notation.read_spelling`), so nothing is checked here.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from molvae.chem.notation import Spelling

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


def edit_spelling(
    spelling: Spelling, generator: np.random.Generator, symbols: Sequence[str]
) -> Spelling:
    """The spelling after one to three edits; new symbols are drawn from `symbols`.

    It may come out as it was: a symbol may be replaced by itself, and one edit undo another.
    """
    edited = list(spelling)
    for _ in range(EDIT_COUNTS[generator.integers(len(EDIT_COUNTS))]):
        _edit(edited, generator, symbols)
    return tuple(edited)


def splice(first: Spelling, second: Spelling, generator: np.random.Generator) -> Spelling:
    """The start of one and the end of the other, each cut at any place of its own.

    Neither is empty, unless its spelling is.
    """
    stop = 1 + int(generator.integers(max(len(first), 1)))
    start = int(generator.integers(max(len(second), 1)))
    return first[:stop] + second[start:]


def _edit(spelling: list[str], generator: np.random.Generator, symbols: Sequence[str]) -> None:
    edit = _EDITS[generator.integers(len(_EDITS))]
    symbol = symbols[int(generator.integers(len(symbols)))]
    if edit is SymbolEdit.INSERT or not spelling:
        spelling.insert(int(generator.integers(len(spelling) + 1)), symbol)
        return
    place = int(generator.integers(len(spelling)))
    if edit is SymbolEdit.REPLACE or len(spelling) == 1:
        spelling[place] = symbol
    elif edit is SymbolEdit.DELETE:
        del spelling[place]
    else:
        other = (place + 1 + int(generator.integers(len(spelling) - 1))) % len(spelling)
        spelling[place], spelling[other] = spelling[other], spelling[place]
