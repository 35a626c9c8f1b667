"""Rows of any table of molecules, read in chunks: CSV, TSV or SMI, whatever its delimiter."""

import csv
import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path

from molvae.dataset.layout import (
    WHITESPACE,
    Layout,
    find_layout,
    looks_like_smiles,
    split_fields,
)
from molvae.dataset.text import LONGEST_LINE, open_lines
from molvae.errors import DataError

_SAMPLE_LINES = 200
_LONGEST_RECORD = 20
"""Lines that a quoted field may run over; further on its quote is taken for a stray one."""

_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "-", "?", "."})
_LARGEST_FLOAT32 = 3.4e38
_CHUNK_ROWS = 5_000
_DELIMITER_NOTE = re.compile(r'"?sep=.?"?\s*\Z', re.IGNORECASE)


class RowProblem(StrEnum):
    """Why a row of a table cannot be read."""

    TOO_MANY_FIELDS = "too many fields in the row"
    UNBALANCED_QUOTES = "unbalanced quotes in the row"
    TOO_LONG = "row too long"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        number: the line of the file on which the row begins, counted from 1 as editors do.
        text: the SMILES as it stands there; the whole line where the row cannot be read.
        properties: one value per property column; NaN where it is missing or is no number.
        not_numbers: places in `properties` where something stands that is no number.
        problem: why the row cannot be read; None where it can.
    """

    number: int
    text: str
    properties: tuple[float, ...] = ()
    not_numbers: tuple[int, ...] = ()
    problem: RowProblem | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that follow one another, and how far into the file they reach."""

    rows: list[Row]
    bytes_read: int

    @property
    def readable(self) -> list[Row]:
        """The rows without a problem."""
        return [row for row in self.rows if row.problem is None]


@dataclass(frozen=True)
class Table:
    """A file of molecules whose layout is known."""

    path: Path
    layout: Layout

    @classmethod
    def open(
        cls, path: Path, smiles_column: str | None = None, property_columns: Sequence[str] = ()
    ) -> "Table":
        """The table in a file; its layout is found by the first lines.

        Args:
            path: a CSV, TSV or SMI file, plain or gzip.
            smiles_column: column with the SMILES; None finds it by name, else by content.
            property_columns: columns with numbers to keep.

        Raises:
            DataError: the file cannot be read, is empty or binary, or lacks a column.
        """
        with open_lines(path) as lines:
            rows = (line for line in _without_note(lines) if line.strip())
            sample = list(islice(rows, _SAMPLE_LINES))
        if not sample:
            raise DataError(f"{str(path)!r} has no rows; expected a SMILES in each")
        return cls(path, find_layout(path, sample, smiles_column, property_columns))

    @property
    def property_names(self) -> tuple[str, ...]:
        """The property columns by the names that they have in the file."""
        return tuple(self.layout.columns[place] for place in self.layout.properties)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows in order, `size` at a time; blank lines are no rows.

        Raises:
            DataError: the file breaks off or is damaged.
        """
        with open_lines(self.path) as lines:
            rows = self._rows(lines)
            while chunk := list(islice(rows, size)):
                yield Chunk(chunk, lines.bytes_read)

    def texts(self) -> Iterator[str]:
        """The SMILES of all rows as they stand there; "" for a row that cannot be read.

        Raises:
            DataError: the file breaks off or is damaged.
        """
        for chunk in self.chunks(_CHUNK_ROWS):
            yield from ("" if row.problem else row.text for row in chunk.rows)

    def _rows(self, lines: Iterable[str]) -> Iterator[Row]:
        records = _Records(self.layout, _without_note(lines))
        return islice(records.rows(), int(self.layout.has_header), None)


@dataclass(slots=True)
class _Records:
    """Lines put together to records, the way a quoted field with line breaks needs it."""

    layout: Layout
    lines: Iterator[str]
    waiting: deque[str] = field(default_factory=deque)
    """Lines read in search of a closing quote that did not come: still to be read as rows."""

    def rows(self) -> Iterator[Row]:
        number = 0
        while (line := self._next_line()) is not None:
            number += 1
            if not line or line.isspace():
                continue
            if '"' not in line or self.layout.delimiter == WHITESPACE:
                yield _row(number, line, split_fields(line, self.layout.delimiter), self.layout)
                continue
            used, row = self._quoted_row(number, line)
            yield row
            number += used - 1

    def _next_line(self) -> str | None:
        return self.waiting.popleft() if self.waiting else next(self.lines, None)

    def _quoted_row(self, number: int, line: str) -> tuple[int, Row]:
        """The row that begins on this line, and how many lines it takes."""
        record = [line]
        while (fields := _closed_fields(record, self.layout.delimiter)) is None:
            following = self._next_line() if len(record) < _LONGEST_RECORD else None
            if following is None:
                break
            record.append(following)
        if fields is not None and self._is_one_record(record, fields):
            return len(record), _row(number, line, fields, self.layout)
        self.waiting.extendleft(reversed(record[1:]))
        return 1, Row(number, line, problem=RowProblem.UNBALANCED_QUOTES)

    def _is_one_record(self, record: list[str], fields: list[str]) -> bool:
        """False where a stray quote has swallowed lines that are rows by themselves."""
        if len(record) == 1:
            return True
        if len(fields) != len(self.layout.columns) or "\n" in fields[self.layout.smiles]:
            return False
        return not any(self._is_row(following) for following in record[1:])

    def _is_row(self, line: str) -> bool:
        fields = split_fields(line, self.layout.delimiter)
        place = self.layout.smiles
        return len(fields) == len(self.layout.columns) and looks_like_smiles(fields[place])


def _without_note(lines: Iterable[str]) -> Iterator[str]:
    """The lines, the first one blank where it only names the delimiter, as for spreadsheets."""
    for place, line in enumerate(lines):
        yield "" if place == 0 and _DELIMITER_NOTE.match(line) else line


def _closed_fields(record: list[str], delimiter: str) -> list[str] | None:
    """The fields of a record; None while a quote is open at its end."""
    # An open quote makes the reader go on to the empty line that is added here.
    reader = csv.reader(("\n".join(record) + "\n", ""), delimiter=delimiter, skipinitialspace=True)
    try:
        fields = next(reader, [])
    except csv.Error:
        return None
    return fields if reader.line_num == 1 else None


def _row(number: int, line: str, fields: list[str], layout: Layout) -> Row:
    if len(line) >= LONGEST_LINE:
        return Row(number, line, problem=RowProblem.TOO_LONG)
    if layout.delimiter != WHITESPACE and any(map(str.strip, fields[len(layout.columns) :])):
        return Row(number, line, problem=RowProblem.TOO_MANY_FIELDS)
    text = fields[layout.smiles].strip() if layout.smiles < len(fields) else ""
    if not layout.properties:
        return Row(number, text)
    cells = [fields[place].strip() if place < len(fields) else "" for place in layout.properties]
    if layout.delimiter == ";":
        # Where commas are decimal signs, spreadsheets write semicolons between fields.
        cells = [cell.replace(",", ".") for cell in cells]
    values = tuple(map(_number, cells))
    wrong = [
        place
        for place, (cell, value) in enumerate(zip(cells, values, strict=True))
        if math.isnan(value) and cell.lower() not in _MISSING
    ]
    return Row(number, text, values, tuple(wrong))


def _number(cell: str) -> float:
    """The number in a cell; NaN where there is none that a float32 can hold."""
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    return value if abs(value) <= _LARGEST_FLOAT32 else math.nan
