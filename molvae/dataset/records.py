"""Rows of text tables and SD files as records: fields, and the line where each begins."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from molvae.dataset.fields import (
    LONGEST_RECORD,
    WHITESPACE,
    join_lines,
    looks_like_smiles,
    split_fields,
)
from molvae.dataset.layout import Layout
from molvae.dataset.text import LONGEST_LINE


class RowProblem(StrEnum):
    """Reasons why a row of a table cannot be read."""

    TOO_MANY_FIELDS = "too many fields in the row"
    UNBALANCED_QUOTES = "unbalanced quotes in the row"
    TOO_LONG = "row too long"
    NOT_SELFIES = "not SELFIES"
    NO_STRUCTURE = "no readable structure"


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a file, split into its fields."""

    number: int
    """Line where it begins, counted from 1; position from 1 where the source has no lines."""
    fields: Sequence[str]
    problem: RowProblem | None = None
    text: str = ""
    """The whole line where the record has a problem."""


def text_records(lines: Iterable[str], layout: Layout) -> Iterator[Record]:
    """The records of a text table, behind its header."""
    return _TextRecords(layout, islice(lines, layout.first_line, None)).records()


@dataclass(slots=True)
class _TextRecords:
    """Joins lines to records, as a quoted field with line breaks needs it."""

    layout: Layout
    lines: Iterator[str]
    waiting: deque[str] = field(default_factory=deque)
    """Lines read in search of a closing quote that did not come: still to be read as rows."""

    def records(self) -> Iterator[Record]:
        number = self.layout.first_line
        while (line := self._next_line()) is not None:
            number += 1
            if not line or line.isspace():
                continue
            if '"' not in line or self.layout.delimiter == WHITESPACE:
                yield self._record(number, line, split_fields(line, self.layout.delimiter))
                continue
            used, record = self._read_quoted(number, line)
            yield record
            number += used - 1

    def _next_line(self) -> str | None:
        return self.waiting.popleft() if self.waiting else next(self.lines, None)

    def _read_quoted(self, number: int, line: str) -> tuple[int, Record]:
        """The record that begins on this line, and the number of lines it takes."""
        lines = [line]
        while (fields := join_lines(lines, self.layout.delimiter)) is None:
            following = self._next_line() if len(lines) < LONGEST_RECORD else None
            if following is None:
                break
            lines.append(following)
        if fields is not None and self._is_single_record(lines, fields):
            return len(lines), self._record(number, line, fields)
        self.waiting.extendleft(reversed(lines[1:]))
        return 1, Record(number, (), RowProblem.UNBALANCED_QUOTES, line)

    def _is_single_record(self, lines: list[str], fields: list[str]) -> bool:
        """False where a stray quote has swallowed lines that are rows by themselves."""
        if len(lines) == 1:
            return True
        columns, index = len(self.layout.columns), self.layout.smiles
        if len(fields) != columns or "\n" in fields[index]:
            return False
        # A line with an open quote is no row by itself.
        whole = [line for line in lines[1:] if line.count('"') % 2 == 0]
        following = [split_fields(line, self.layout.delimiter) for line in whole]
        return not any(len(row) == columns and looks_like_smiles(row[index]) for row in following)

    def _record(self, number: int, line: str, fields: list[str]) -> Record:
        layout = self.layout
        if len(line) >= LONGEST_LINE:
            return Record(number, (), RowProblem.TOO_LONG, line)
        if layout.delimiter != WHITESPACE and any(map(str.strip, fields[len(layout.columns) :])):
            return Record(number, (), RowProblem.TOO_MANY_FIELDS, line)
        return Record(number, fields)
