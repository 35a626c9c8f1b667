"""Property values of the distinct molecules of a table, merged over the rows of a molecule."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import fmean, median

import numpy as np
from jaxtyping import Float32, Int8

from molvae.dataset.corpus_config import DuplicateRule, QualifierRule
from molvae.dataset.numbers import QUALIFIERS

_EXACT, _ABOUT = QUALIFIERS.index(""), QUALIFIERS.index("~")
_AVERAGES: dict[str, Callable[[Sequence[float]], float]] = {"mean": fmean, "median": median}


@dataclass(frozen=True, slots=True)
class LabelRules:
    """How the values of a molecule's rows become its labels."""

    duplicates: DuplicateRule = "median"
    qualified: QualifierRule = "use"


@dataclass(frozen=True, slots=True)
class LabelRow:
    """The property columns of a row."""

    line: int
    """Line of the row in its file."""
    values: Sequence[float]
    codes: Sequence[int]
    """Index in `QUALIFIERS` of each value."""
    not_numbers: Sequence[bool]
    """Whether each cell holds something that is no number."""


@dataclass(frozen=True)
class LabelCounts:
    """Counts of molecules or values, by property."""

    missing: dict[str, int]
    not_numbers: dict[str, int]
    merged: dict[str, int]
    """Molecules whose rows disagree."""
    qualified: dict[str, dict[str, int]]
    """Values with a qualifier, by qualifier; the refused ones where they are refused."""


class Labels:
    """Property values in the order of the molecules.

    They are kept in memory: 16 bytes per molecule and five per value.

    Rows without a value do not count. Where the rows of a molecule disagree, values without a
    qualifier count and the others do not, unless there are only others; their average keeps the
    qualifier that they share, and is `~` where they share none.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        rules: LabelRules,
        file_of: Callable[[int], str] = lambda _: "",
    ) -> None:
        """Start with no molecule.

        Args:
            names: the properties.
            rules: how the values of several rows become one.
            file_of: name of the file of a position; empty where there is a single file.
        """
        self._file_of = file_of
        self._names = names
        self._rules = rules
        self._values = array("f")
        """First value of each molecule and property; molecule after molecule."""
        self._codes = array("b")
        """Index in `QUALIFIERS` of each of them."""
        self._lines = array("q")
        """Line of the first row of each molecule."""
        self._positions = array("q")
        """Position of the first row of each molecule among the accepted rows."""
        self._further: dict[int, list[tuple[float, int]]] = {}
        """Values and qualifiers of further rows, by position in `_values`."""
        self._wrong: set[int] = set()
        """Positions in `_values` where a cell held something that is no number."""
        self._refused: Counter[tuple[str, str]] = Counter()
        """Refused values with a qualifier, by property and qualifier."""

    def add(self, position: int, row: LabelRow) -> None:
        """Record the values of a new molecule, whose position is beyond all earlier ones."""
        begin = len(self._values)
        for value, code in self._read(row):
            self._values.append(value)
            self._codes.append(code)
        self._positions.append(position)
        self._lines.append(row.line)
        self._wrong.update(begin + column for column, mark in enumerate(row.not_numbers) if mark)

    def merge(self, position: int, row: LabelRow) -> str:
        """Record the values of a further row of a molecule; a note where they differ.

        Args:
            position: that of the molecule's first row.
            row: the further row.
        """
        molecule = bisect_left(self._positions, position)
        differences = []
        begin = molecule * len(self._names)
        for index, (name, (value, code)) in enumerate(
            zip(self._names, self._read(row), strict=True), start=begin
        ):
            if isnan(value):
                continue
            if isnan(self._values[index]):
                self._values[index], self._codes[index] = value, code
                continue
            self._further.setdefault(index, []).append((value, code))
            first = (self._values[index], self._codes[index])
            if first != (_float32(value), code):
                file = self._file_of(position)
                differences.append(
                    f"{name} is {_text(value, code)}, on line {self._lines[molecule]}"
                    f"{f' of {file}' if file else ''} it is {_text(*first)}"
                )
        return "; ".join(differences)

    def resolve(
        self,
    ) -> tuple[
        Float32[np.ndarray, "molecule property"], Int8[np.ndarray, "molecule property"], LabelCounts
    ]:
        """Values, codes of their qualifiers, and counts, with the rules applied."""
        width = max(len(self._names), 1)
        values = np.array(self._values, dtype=np.float32)
        codes = np.array(self._codes, dtype=np.int8)
        merged: Counter[str] = Counter()
        for position, further in self._further.items():
            rows = [(self._values[position], self._codes[position]), *further]
            if len({(_float32(value), code) for value, code in rows}) > 1:
                merged[self._names[position % width]] += 1
                values[position], codes[position] = self._merge(rows)
        table = values.reshape(-1, width)
        return table, codes.reshape(-1, width), self._counts(values, codes, merged)

    def _read(self, row: LabelRow) -> list[tuple[float, int]]:
        """A value and the code of its qualifier per property."""
        cells = []
        for name, value, code in zip(self._names, row.values, row.codes, strict=True):
            if code != _EXACT and self._rules.qualified == "refuse":
                self._refused[name, QUALIFIERS[code]] += 1
                value, code = nan, _EXACT
            cells.append((value, code))
        return cells

    def _merge(self, rows: Sequence[tuple[float, int]]) -> tuple[float, int]:
        rule = self._rules.duplicates
        if rule == "first":
            return rows[0]
        if rule == "refuse":
            return nan, _EXACT
        exact = [row for row in rows if row[1] == _EXACT]
        rows = exact or rows
        codes = {code for _, code in rows}
        average = _AVERAGES[rule]([value for value, _ in rows])
        return average, codes.pop() if len(codes) == 1 else _ABOUT

    def _counts(
        self,
        values: Float32[np.ndarray, " value"],
        codes: Int8[np.ndarray, " value"],
        merged: Counter[str],
    ) -> LabelCounts:
        width = max(len(self._names), 1)
        first = np.array(self._values, dtype=np.float32)
        wrong = Counter(
            position % width for position in self._wrong if isnan(self._values[position])
        )
        columns = list(enumerate(self._names))
        empty = {name: int(np.isnan(first[column::width]).sum()) for column, name in columns}
        not_numbers = {name: wrong[column] for column, name in columns}
        qualified: dict[str, dict[str, int]] = {name: {} for name in self._names}
        for column, name in columns:
            for code, qualifier in enumerate(QUALIFIERS):
                of_code = int((codes[column::width] == code).sum())
                count = self._refused[name, qualifier] or of_code
                if qualifier and count:
                    qualified[name][qualifier] = count
        return LabelCounts(
            missing={name: empty[name] - not_numbers[name] for name in self._names},
            not_numbers=not_numbers,
            merged={name: merged[name] for name in self._names},
            qualified=qualified,
        )


def _float32(value: float) -> float:
    return float(np.float32(value))


def _text(value: float, code: int) -> str:
    return f"{QUALIFIERS[code]}{value:g}"
