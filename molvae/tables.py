"""Tables of molecules to write: CSV, SMI, SDF or Parquet by the name of the file, whole or not."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from math import isnan
from pathlib import Path
from typing import IO, Any

from molvae.chem.sdf import sdf_record
from molvae.errors import FileError, MissingExtraError
from molvae.files import atomic_write, check_writable

Cell = str | int | float
Columns = Mapping[str, Sequence[Cell]]
"""Equally long columns by name, `smiles` first; NaN stands for a missing number."""


_PACKED = (".gz", ".bz2", ".xz", ".zip", ".zst")


class TableKind(StrEnum):
    """Ways to write a table, by the ending of the file's name."""

    CSV = ".csv"
    TSV = ".tsv"
    SMI = ".smi"
    SDF = ".sdf"
    PARQUET = ".parquet"


@dataclass(frozen=True)
class TableFile:
    """A table's place and kind, known to be writable before the work on it begins."""

    path: Path
    kind: TableKind

    @classmethod
    def at(cls, path: Path) -> "TableFile":
        """The file that will be written; CSV unless its name ends otherwise.

        Raises:
            FileError: a folder has that name, its own folder cannot be made, or a packed file is
                asked for.
            MissingExtraError: Parquet is asked for and pyarrow is not installed.
        """
        check_writable(path)
        ending = path.suffix.lower()
        if ending in _PACKED:
            raise FileError(
                f"{str(path)!r}: tables are not packed; expected a name in "
                f"{', '.join(TableKind)}: pack the file afterwards"
            )
        kind = TableKind(ending) if ending in list(TableKind) else TableKind.CSV
        if kind is TableKind.PARQUET:
            _check_pyarrow()
        return cls(path, kind)

    def write(self, columns: Columns) -> None:
        """Write the table; a file of that name is replaced once the new one is whole.

        SMI has the SMILES first and the other columns after tabs, without a header.

        Raises:
            FileError: the disk is full, or the place cannot be written to.
        """
        with atomic_write(self.path, "wb" if self.kind is TableKind.PARQUET else "w") as stream:
            _WRITERS[self.kind](stream, columns)


def _write_csv(stream: IO[str], columns: Columns, delimiter: str = ",") -> None:
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(_rows(columns))


def _write_smi(stream: IO[str], columns: Columns) -> None:
    stream.writelines("\t".join(row) + "\n" for row in _rows(columns))


def _write_sdf(stream: IO[str], columns: Columns) -> None:
    names = list(columns)
    for row in _rows(columns):
        stream.write(sdf_record(row[0], dict(zip(names, row, strict=True))))


def _write_parquet(stream: IO[bytes], columns: Columns) -> None:
    import pyarrow
    from pyarrow import parquet

    arrays = {name: pyarrow.array(cells, from_pandas=True) for name, cells in columns.items()}
    parquet.write_table(pyarrow.table(arrays), stream)


# Any: the stream is of text or of bytes.
_WRITERS: Mapping[TableKind, Callable[[IO[Any], Columns], None]] = {
    TableKind.CSV: _write_csv,
    TableKind.TSV: partial(_write_csv, delimiter="\t"),
    TableKind.SMI: _write_smi,
    TableKind.SDF: _write_sdf,
    TableKind.PARQUET: _write_parquet,
}


def _rows(columns: Columns) -> list[list[str]]:
    return [[_text(cell) for cell in row] for row in zip(*columns.values(), strict=True)]


def _text(cell: Cell) -> str:
    return "" if isinstance(cell, float) and isnan(cell) else str(cell)


def _check_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None
