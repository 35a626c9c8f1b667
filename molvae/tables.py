"""Tables of molecules to write: CSV, TSV, SMI, SDF or Parquet by the ending of the file's name.

All but Parquet may be compressed, as in `out.csv.gz`.
"""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Any

from molvae.chem.sdf import sdf_record
from molvae.errors import FileError, MissingExtraError
from molvae.files import (
    STANDARD_STREAM,
    TableWriter,
    TextStream,
    atomic_write,
    check_writable,
    format_cell,
)

Cell = str | int | float
Columns = Mapping[str, Sequence[Cell]]
"""Equally long columns by name, `smiles` first; NaN stands for a missing number."""

_TITLES = ("id", "name", "title", "compound_id")
"""Columns whose cell becomes the title of a record in an SD file, the first that is there."""


class TableKind(StrEnum):
    """Formats of a table, by the ending of the file's name."""

    CSV = ".csv"
    TSV = ".tsv"
    SMI = ".smi"
    SDF = ".sdf"
    PARQUET = ".parquet"


# Any: the streams of bytes that these modules define have no type in common.
_COMPRESSIONS: Mapping[str, Callable[[IO[bytes]], Any]] = {
    # Without the name and the time, so that equal tables are equal files.
    ".gz": lambda raw: gzip.GzipFile("", "wb", fileobj=raw, mtime=0),
    ".bz2": lambda raw: bz2.BZ2File(raw, "wb"),
    ".xz": lambda raw: lzma.LZMAFile(raw, "wb"),  # noqa: SIM115 - opened by the caller.
}
_OTHER_ENDINGS = {"": TableKind.CSV, ".txt": TableKind.CSV, ".sd": TableKind.SDF}


@dataclass(frozen=True)
class TableFile:
    """Path and format of a table, known to be writable before the work on it begins."""

    path: Path
    kind: TableKind

    @classmethod
    def at(cls, path: Path) -> "TableFile":
        """The file that will be written; `-` is standard output, as CSV.

        Raises:
            FileError: the ending is not supported, or the file cannot be written.
            MissingExtraError: Parquet is asked for and pyarrow is not installed.
        """
        if path == STANDARD_STREAM:
            return cls(path, TableKind.CSV)
        kind = _kind(path)
        if kind is TableKind.PARQUET and path.suffix.lower() in _COMPRESSIONS:
            raise FileError(
                f"{str(path)!r}: a Parquet file is compressed already; end it in .parquet"
            )
        check_writable(path)
        if kind is TableKind.PARQUET:
            try:
                import pyarrow  # noqa: F401
            except ImportError:
                raise MissingExtraError("pyarrow", "parquet") from None
        return cls(path, kind)

    @property
    def is_standard_output(self) -> bool:
        """Whether the table is printed instead of written to a file."""
        return self.path == STANDARD_STREAM

    def write(self, columns: Columns) -> None:
        """Write the table; a file of that name is replaced once the new one is whole.

        SMI has the SMILES first and the other columns after tabs, without a header. In CSV and TSV
        an apostrophe is put before a cell that a spreadsheet would run as a formula. In text,
        numbers have ten significant digits.

        Raises:
            FileError: the disk is full, or the file cannot be written.
        """
        if self.kind is TableKind.PARQUET:
            import pyarrow
            from pyarrow import parquet

            arrays = {name: pyarrow.array(row, from_pandas=True) for name, row in columns.items()}
            with atomic_write(self.path, "wb") as stream:
                parquet.write_table(pyarrow.table(arrays), stream)
            return
        with _open_text(self.path) as stream:
            _WRITERS[self.kind](stream, columns)


def _kind(path: Path) -> TableKind:
    ending = path.suffix.lower()
    if ending in _COMPRESSIONS:
        ending = Path(path.stem).suffix.lower()
    kinds = {str(kind): kind for kind in TableKind} | _OTHER_ENDINGS
    if ending in kinds:
        return kinds[ending]
    raise FileError(
        f"{str(path)!r}: tables are not written as {ending}; expected a name in "
        f"{', '.join(TableKind)}, all but the last also with {', '.join(_COMPRESSIONS)}"
    )


@contextmanager
def _open_text(path: Path) -> Iterator[TextStream]:
    """A text file to write to, compressed if its name says so."""
    compress = _COMPRESSIONS.get(path.suffix.lower())
    if compress is None:
        with atomic_write(path) as stream:
            yield stream
        return
    with (
        atomic_write(path, "wb") as raw,
        compress(raw) as packed,
        io.TextIOWrapper(packed, "utf-8", "backslashreplace", "\n") as stream,
    ):
        yield stream


def _write_delimited(stream: TextStream, columns: Columns, delimiter: str = ",") -> None:
    writer = TableWriter(stream, delimiter)
    writer.write_row(columns)
    for row in _rows(columns):
        writer.write_row(row)


def _write_smi(stream: TextStream, columns: Columns) -> None:
    for row in _rows(columns):
        # Nothing is quoted in a SMI file: a tab or line break would begin another field or row.
        cells = [" ".join(cell.split()) for cell in row]
        stream.write("\t".join(cells).rstrip("\t") + "\n")


def _write_sdf(stream: TextStream, columns: Columns) -> None:
    names = list(columns)
    title = next((name for name in _TITLES if name in names), None)
    for row in _rows(columns):
        fields = dict(zip(names, row, strict=True))
        stream.write(sdf_record(row[0], fields, fields[title] if title else ""))


_WRITERS: Mapping[TableKind, Callable[[TextStream, Columns], None]] = {
    TableKind.CSV: _write_delimited,
    TableKind.TSV: partial(_write_delimited, delimiter="\t"),
    TableKind.SMI: _write_smi,
    TableKind.SDF: _write_sdf,
}


def _rows(columns: Columns) -> list[list[str]]:
    return [list(map(format_cell, row)) for row in zip(*columns.values(), strict=True)]
