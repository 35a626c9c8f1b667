"""Rows of any table of molecules, read in chunks."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from molvae.chem.notation import selfies_to_smiles
from molvae.dataset.fields import WHITESPACE
from molvae.dataset.layout import ColumnChoice, Layout
from molvae.dataset.names import list_names, resolve_columns, unique_names
from molvae.dataset.numbers import NumberEvidence, NumberFormat
from molvae.dataset.readers import Reader, open_reader
from molvae.dataset.records import Record, RowProblem
from molvae.errors import DataError, MoleculeError

__all__ = ["Chunk", "Row", "RowProblem", "Table"]

_CHUNK_ROWS = 5_000
_EVIDENCE_ROWS = 200
"""First rows whose further columns are taken as evidence of decimal marks."""
_ID = "id"

_log = logging.getLogger("molvae")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        number: line of the file on which the row begins, counted from 1 as editors do; position
            from 1 where the source has no lines.
        text: SMILES as written in the row; the whole line where the row cannot be read.
        properties: a value per property column; NaN where it is missing or is no number.
        qualifiers: a qualifier such as `<` per property column, empty for most.
        not_numbers: indices of `properties` whose cell holds something that is no number.
        fields: all fields of the row as text.
        problem: why the row cannot be read; None where it can.
        detail: more about the problem.
    """

    number: int
    text: str
    properties: tuple[float, ...] = ()
    qualifiers: tuple[str, ...] = ()
    not_numbers: tuple[int, ...] = ()
    fields: Sequence[str] = ()
    problem: RowProblem | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows, and how far into the source they reach."""

    rows: list[Row]
    position: int
    """Bytes of a file, rows of a table; see `Table.size`."""
    table: int = 0
    """Index of the table that the rows are of, where several are read as one."""

    @property
    def readable(self) -> list[Row]:
        """The rows without a problem."""
        return [row for row in self.rows if row.problem is None]


@dataclass(frozen=True)
class Table:
    """Molecules in rows, with the layout known."""

    reader: Reader
    formats: tuple[NumberFormat, ...] = ()
    """How the numbers of each property column are written."""
    notes: tuple[str, ...] = ()
    """Assumptions that a reader of the results should know."""
    kept: tuple[str, ...] | None = None
    """Further columns to carry on; None means all."""

    # Any: see `MoleculeSource`.
    @classmethod
    def open(
        cls,
        source: Any,
        smiles_column: str | None = None,
        property_columns: Sequence[str] = (),
        *,
        selfies_column: str | None = None,
        keep_columns: Sequence[str] | None = None,
        log_notes: bool = True,
    ) -> "Table":
        """The table in a file or an object; its layout is found by the first rows.

        Args:
            source: CSV, TSV, SMI, SDF or Parquet file (`-` for standard input), DataFrame, Series
                or list of molecules.
            smiles_column: column with the SMILES; None finds it by name, else by content.
            property_columns: columns with numbers to keep.
            selfies_column: column with SELFIES, read instead of SMILES.
            keep_columns: further columns to carry on; None means all.
            log_notes: whether to log, as warnings of `molvae`, what had to be assumed.

        Raises:
            DataError: the file cannot be read, is empty or binary, or lacks a column.
            MissingExtraError: Parquet is to be read and pyarrow is not installed.
        """
        choice = ColumnChoice(smiles_column, tuple(property_columns), selfies_column)
        reader = open_reader(source, choice)
        formats, assumed = _decide_formats(reader)
        notes = (*reader.layout.notes, *assumed)
        for note in notes if log_notes else ():
            _log.warning("%s: %s", reader.name, note)
        table = cls(reader, formats, notes)
        return table if keep_columns is None else table._keeping(keep_columns)

    @property
    def layout(self) -> Layout:
        """Where the molecules and properties are."""
        return self.reader.layout

    @property
    def name(self) -> str:
        """Name for messages."""
        return self.reader.name

    @property
    def size(self) -> int:
        """Bytes of a text file, rows of a table."""
        return self.reader.size

    @property
    def property_names(self) -> tuple[str, ...]:
        """The property columns by their names in the file."""
        return tuple(self.layout.columns[index] for index in self.layout.properties)

    @cached_property
    def further_names(self) -> tuple[str, ...]:
        """Names of all columns but that of the molecules, for a table that carries them on.

        Text behind the SMILES of a SMI file without header is an `id`.
        """
        layout = self.layout
        if layout.has_header:
            names = [layout.columns[index] or f"column_{index + 1}" for index in self._further]
            return tuple(unique_names(names))
        if layout.delimiter == WHITESPACE:
            return (_ID,) if len(layout.columns) > 1 or layout.is_smi else ()
        names = [f"column_{index + 1}" for index in self._further]
        return (_ID, *names[1:]) if layout.is_smi and names else tuple(names)

    def further(self, row: Row) -> dict[str, str]:
        """The cells of a row to carry on, by column."""
        cells = dict(zip(self.further_names, self.further_cells(row), strict=True))
        return cells if self.kept is None else {name: cells[name] for name in self.kept}

    def further_cells(self, row: Row) -> list[str]:
        """The cells of a row that belong to `further_names`."""
        fields, names = row.fields, self.further_names
        if self.layout.delimiter == WHITESPACE:
            rest = [*fields[: self.layout.smiles], *fields[self.layout.smiles + 1 :]]
            # A name may have blanks.
            cells = [*rest[: len(names) - 1], " ".join(rest[len(names) - 1 :])] if names else []
        else:
            cells = [fields[index] if index < len(fields) else "" for index in self._further]
        return [*cells, *[""] * (len(names) - len(cells))]

    def chunks(self, size: int, skip: int = 0) -> Iterator[Chunk]:
        """All rows in order but the first `skip`, `size` at a time; blank lines are no rows.

        Raises:
            DataError: the file breaks off or is damaged.
        """
        with self.reader.open() as (records, position):
            rows = (self._row(record) for record in islice(records, skip, None))
            while chunk := list(islice(rows, size)):
                yield Chunk(chunk, position())

    def texts(self) -> Iterator[str]:
        """The SMILES of all rows as written; "" for a row that cannot be read.

        Raises:
            DataError: the file breaks off or is damaged.
        """
        for chunk in self.chunks(_CHUNK_ROWS):
            yield from ("" if row.problem else row.text for row in chunk.rows)

    def _keeping(self, wanted: Sequence[str]) -> "Table":
        names = self.further_names
        indices, missing = resolve_columns(names, wanted)
        if missing:
            raise DataError(
                f"{self.name} has no further column {', '.join(map(repr, missing))} to keep; "
                f"it has {list_names(names) or 'none'}"
            )
        return replace(self, kept=tuple(names[index] for index in indices))

    @cached_property
    def _further(self) -> list[int]:
        columns = self.layout.columns
        return [index for index in range(len(columns)) if index != self.layout.smiles]

    def _row(self, record: Record) -> Row:
        if record.problem is not None:
            return Row(record.number, record.text, problem=record.problem)
        layout, fields = self.layout, record.fields
        text = fields[layout.smiles].strip() if layout.smiles < len(fields) else ""
        if layout.is_selfies and text:
            try:
                text = selfies_to_smiles((text,))
            except MoleculeError as error:
                problem = RowProblem.NOT_SELFIES
                return Row(record.number, text, problem=problem, detail=error.detail)
        if not layout.properties:
            return Row(record.number, text, fields=fields)
        numbers = [
            number_format.read(fields[index].strip() if index < len(fields) else "")
            for number_format, index in zip(self.formats, layout.properties, strict=True)
        ]
        return Row(
            record.number,
            text,
            tuple(number.value for number in numbers),
            tuple(number.qualifier for number in numbers),
            tuple(index for index, number in enumerate(numbers) if number.is_wrong),
            fields,
        )


def _decide_formats(reader: Reader) -> tuple[tuple[NumberFormat, ...], tuple[str, ...]]:
    """How the numbers of the property columns are written, by all of their cells; and notes."""
    layout = reader.layout
    open_columns = set(layout.properties) - reader.number_columns
    evidence = {index: NumberEvidence() for index in range(len(layout.columns))}
    if open_columns:
        with reader.open() as (records, _):
            for count, record in enumerate(records):
                indices = open_columns if count >= _EVIDENCE_ROWS else evidence.keys()
                for index in indices:
                    if index < len(record.fields):
                        evidence[index].add(record.fields[index])
    formats, notes = [], []
    for index in layout.properties:
        others = [evidence[at] for at in evidence if at not in (index, layout.smiles)]
        decision = evidence[index].decide(layout.columns[index], others, layout.delimiter)
        formats.append(decision.format)
        notes += [decision.note] if decision.note else []
    return tuple(formats), tuple(notes)
