"""Several tables of molecules that are read as one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from pathlib import Path

from molvae.dataset.containers import display_name, local_path
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.data_files import describe_files
from molvae.dataset.names import resolve_columns
from molvae.dataset.tables import Chunk, Row, Table
from molvae.errors import DataError


@dataclass(frozen=True)
class TableSet:
    """The tables of one or more files, one after the other."""

    paths: tuple[Path, ...]
    tables: tuple[Table, ...]
    done: tuple[int, ...] = field(default=())
    """Rows of each table that are not read again; none of a table beyond the last of them."""

    @classmethod
    def open(cls, paths: Sequence[Path], config: CorpusConfig) -> "TableSet":
        """The tables of files whose layouts are found one by one.

        Raises:
            DataError: a file cannot be read, is empty or binary, or lacks a column.
            MissingExtraError: Parquet is to be read and pyarrow is not installed.
        """
        tables = tuple(_open_table(path, config) for path in paths)
        names = config.property_columns
        if names and not any(table.property_names for table in tables):
            wanted = ", ".join(map(repr, names))
            raise DataError(f"{describe_files(paths)}: no file has a column {wanted}; name another")
        return cls(tuple(paths), tables)

    @property
    def local_paths(self) -> tuple[Path, ...]:
        """The files, a copy in the place of standard input."""
        return tuple(map(local_path, self.paths))

    @property
    def name(self) -> str:
        """Name for messages."""
        return describe_files(self.paths)

    @property
    def size(self) -> int:
        """Bytes of text files plus rows of other tables."""
        return sum(table.size for table in self.tables)

    @property
    def property_names(self) -> tuple[str, ...]:
        """The property columns by their names in the first file that has them."""
        return next((table.property_names for table in self.tables if table.property_names), ())

    @property
    def notes(self) -> tuple[str, ...]:
        """Assumptions about the files, each with its file where there are several."""
        if len(self.tables) == 1:
            return self.tables[0].notes
        return tuple(
            f"{display_name(path)}: {note}"
            for path, table in zip(self.paths, self.tables, strict=True)
            for note in table.notes
        )

    def file_name(self, table: int) -> str:
        """The file of a table as the list of refused rows names it; empty for a single file."""
        return str(self.paths[table]) if len(self.paths) > 1 else ""

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows that are not done, `size` at a time; no chunk has rows of two tables.

        Raises:
            DataError: a file breaks off or is damaged.
        """
        before = 0
        for index, table in enumerate(self.tables):
            # Tables are read in order, so all before the last one with finished rows are finished.
            if index >= len(self.done) - 1:
                skip = self.done[index] if index < len(self.done) else 0
                missing = len(self.property_names) - len(table.property_names)
                for chunk in table.chunks(size, skip):
                    rows = _without_values(chunk.rows, missing) if missing else chunk.rows
                    yield Chunk(rows, before + chunk.position, index)
            before += table.size


def _open_table(path: Path, config: CorpusConfig) -> Table:
    """The table in a file; one without property columns where that is allowed."""
    table = Table.open(
        local_path(path),
        config.smiles_column,
        () if config.unlabelled_files else config.property_columns,
        selfies_column=config.selfies_column,
        log_notes=False,
    )
    columns = table.layout.columns if table.layout.has_header else ()
    if not config.unlabelled_files or not resolve_columns(columns, config.property_columns)[0]:
        return table
    return _open_table(path, config.with_changes({"unlabelled_files": False}))


def _without_values(rows: Sequence[Row], n: int) -> list[Row]:
    """The rows with `n` missing property values."""
    values, qualifiers = (nan,) * n, ("",) * n
    return [replace(row, properties=values, qualifiers=qualifiers) for row in rows]
