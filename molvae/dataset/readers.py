"""Readers of molecules: text tables, SD files, Parquet files, and tables that Python holds."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from molvae.chem.molecule import Molecule
from molvae.chem.sdf import read_sdf, sdf_field_names, smiles_of_mol
from molvae.dataset.containers import display_name, first_bytes, local_path
from molvae.dataset.headers import is_comment
from molvae.dataset.layout import ColumnChoice, Layout, find_layout, find_structures
from molvae.dataset.names import clean_name, unique_names
from molvae.dataset.records import Record, RowProblem, text_records
from molvae.dataset.text import is_sd_file, open_lines, without_delimiter_note
from molvae.errors import DataError, MissingExtraError, first_line

if TYPE_CHECKING:
    import pandas

# Any: the elements are SMILES, molecules or RDKit Mols; pandas is not imported for a type.
MoleculeSource: TypeAlias = "Path | str | pandas.DataFrame | pandas.Series[Any] | Sequence[Any]"
"""A file (CSV, TSV, SMI, SDF or Parquet; `-` for standard input), a DataFrame, a Series of
SMILES, or a list of SMILES, molecules or RDKit Mols."""

_SAMPLE_LINES = 200
_LONGEST_LEAD = 100_000
"""Lines in which the first rows of a file must be."""
_PARQUET_MAGIC = b"PAR1"
_BATCH_ROWS = 4_096
_STRUCTURE, _TITLE = "structure", "name"

OpenRecords = tuple[Iterator[Record], Callable[[], int]]
"""The records from the first on, and how far the source has been read."""


@runtime_checkable
class Reader(Protocol):
    """Reads a source whose layout is known."""

    @property
    def layout(self) -> Layout:
        """Where the molecules and properties are."""

    @property
    def name(self) -> str:
        """Name for messages."""

    @property
    def size(self) -> int:
        """Bytes of a text file, rows of a table."""

    @property
    def number_columns(self) -> frozenset[int]:
        """Columns that hold numbers by their type, so that no marks need to be understood."""

    def open(self) -> AbstractContextManager[OpenRecords]:
        """Read the source from its beginning.

        Raises:
            DataError: the file breaks off or is damaged.
        """


# Any: see `MoleculeSource`.
def open_reader(source: Any, choice: ColumnChoice) -> Reader:
    """The reader of a file or of an object of Python, with the layout found.

    Raises:
        DataError: the file cannot be read, is empty or binary, or lacks a column; or the object
            holds no molecules.
        MissingExtraError: Parquet is to be read and pyarrow is not installed.
    """
    if not isinstance(source, str | Path):
        return _open_object(source, choice)
    path = Path(source)
    if first_bytes(path, len(_PARQUET_MAGIC)) == _PARQUET_MAGIC:
        with local_path(path).open("rb") as file:
            if file.read(len(_PARQUET_MAGIC)) != _PARQUET_MAGIC:
                raise DataError(
                    f"{display_name(path)} is a compressed Parquet file; unpack it first"
                )
        return ParquetReader.find(path, choice)
    return (SdfReader if is_sd_file(path) else TextReader).find(path, choice)


@dataclass(frozen=True)
class TextReader:
    """A CSV, TSV or SMI file."""

    path: Path
    layout: Layout
    number_columns: frozenset[int] = frozenset()

    @classmethod
    def find(cls, path: Path, choice: ColumnChoice) -> "TextReader":
        """The file, with its layout as its first lines show it."""
        with open_lines(path) as lines:
            note = lines.note
            sample = _sample(without_delimiter_note(lines))
        if not any(map(str.strip, sample)):
            raise DataError(f"{display_name(path)} has no rows; expected a molecule in each")
        try:
            layout = find_layout(path, sample, choice)
        except DataError as error:
            raise (DataError(f"{error} ({note})") if note else error) from None
        return cls(path, replace(layout, notes=(note, *layout.notes)) if note else layout)

    @property
    def name(self) -> str:
        return display_name(self.path)

    @property
    def size(self) -> int:
        return local_path(self.path).stat().st_size

    @contextmanager
    def open(self) -> Iterator[OpenRecords]:
        with open_lines(self.path) as lines:
            records = text_records(without_delimiter_note(lines), self.layout)
            yield records, lambda: lines.bytes_read


@dataclass(frozen=True)
class SdfReader:
    """An SD file, its data fields as columns."""

    path: Path
    layout: Layout
    number_columns: frozenset[int] = frozenset()

    @classmethod
    def find(cls, path: Path, choice: ColumnChoice) -> "SdfReader":
        """The file, with the names of all data fields in it."""
        with open_lines(path) as lines:
            note = lines.note
            fields, has_title = sdf_field_names(lines)
        names = [_STRUCTURE, *([_TITLE] if has_title else []), *fields]
        columns = unique_names(names)
        available = f"it has {', '.join(map(repr, columns[1:])) or 'no data fields'}"
        structure, properties = choice.resolve(display_name(path), columns, available)
        return cls(
            path,
            Layout(
                "",
                tuple(columns),
                True,
                structure or 0,
                properties,
                is_selfies=choice.is_selfies,
                notes=(note,) if note else (),
            ),
        )

    @property
    def name(self) -> str:
        return display_name(self.path)

    @property
    def size(self) -> int:
        return local_path(self.path).stat().st_size

    @contextmanager
    def open(self) -> Iterator[OpenRecords]:
        with open_lines(self.path) as lines:
            yield self._records(lines), lambda: lines.bytes_read

    def _records(self, lines: Iterable[str]) -> Iterator[Record]:
        with open_lines(self.path) as header:
            fields, has_title = sdf_field_names(header)
        for record in read_sdf(lines):
            cells = [record.smiles, *([record.name] if has_title else [])]
            cells += [record.fields.get(name, "") for name in fields]
            if not record.smiles and self.layout.smiles == 0:
                yield Record(record.line, cells, RowProblem.NO_STRUCTURE, record.name)
            else:
                yield Record(record.line, cells)


@dataclass(frozen=True)
class ParquetReader:
    """A Parquet file; its rows are numbered from 1."""

    path: Path
    layout: Layout
    number_columns: frozenset[int]
    size: int

    @classmethod
    def find(cls, path: Path, choice: ColumnChoice) -> "ParquetReader":
        """The file, with its layout as its first rows show it."""
        with _open_parquet(path) as file:
            names = [clean_name(name) for name in file.schema_arrow.names]
            batch = next(file.iter_batches(batch_size=_SAMPLE_LINES), None)
            rows = [] if batch is None else list(_rows_of(_columns(batch)))
            types = [str(kind) for kind in file.schema_arrow.types]
            numbers = frozenset(
                index
                for index, kind in enumerate(types)
                if re.match("u?int|(half)?float|double|decimal", kind)
            )
            layout = find_structures(display_name(path), names, rows, choice)
            return cls(path, layout, numbers, file.metadata.num_rows)

    @property
    def name(self) -> str:
        return display_name(self.path)

    @contextmanager
    def open(self) -> Iterator[OpenRecords]:
        with _open_parquet(self.path) as file:
            batches = file.iter_batches(batch_size=_BATCH_ROWS)
            rows = (row for batch in batches for row in _rows_of(_columns(batch)))
            yield _number(rows)


@dataclass(frozen=True)
class ObjectReader:
    """A table that Python holds: a DataFrame, a Series or a list; rows are numbered from 1."""

    # Any: cells of a table.
    cells: Mapping[str, Sequence[Any]]
    layout: Layout
    number_columns: frozenset[int] = frozenset()
    name: str = "the table"

    @property
    def size(self) -> int:
        return len(next(iter(self.cells.values()), ()))

    @contextmanager
    def open(self) -> Iterator[OpenRecords]:
        yield _number(_rows_of(self.cells.values()))


# Any: a DataFrame, a Series or a list, see `MoleculeSource`.
def _open_object(source: Any, choice: ColumnChoice) -> ObjectReader:
    cells, numbers = columns_of(source)
    names = [clean_name(str(name)) for name in cells]
    rows = list(islice(_rows_of(cells.values()), _SAMPLE_LINES))
    if not rows:
        raise DataError("the table has no rows; expected a molecule in each")
    layout = find_structures("the table", names, rows, choice)
    return ObjectReader(cells, layout, numbers)


# Any: as above, and cells of any type.
def columns_of(source: Any) -> tuple[dict[str, Sequence[Any]], frozenset[int]]:
    """The columns of a DataFrame, Series or list, and which of them hold numbers.

    An index that has a name, or holds texts, is the first column.

    Raises:
        DataError: the object is none of these.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.Series):
        source = source.to_frame(source.name if source.name is not None else "smiles")
    elif hasattr(source, "to_pandas"):
        source = source.to_pandas()
    if pandas is not None and isinstance(source, pandas.DataFrame):
        has_index = any(name is not None for name in source.index.names)
        if has_index or source.index.dtype.kind not in "iu":
            names = None if has_index else ["id"]
            source = source.reset_index(names=names, allow_duplicates=True)
        names = unique_names([str(name) for name in source.columns])
        columns = {name: source.iloc[:, at].tolist() for at, name in enumerate(names)}
        kinds = [kind.kind for kind in source.dtypes]
        return columns, frozenset(at for at, kind in enumerate(kinds) if kind in "iuf")
    if isinstance(source, Iterable) and not isinstance(source, str | bytes | Mapping):
        return {"smiles": list(source)}, frozenset()
    raise DataError(
        f"expected a file, DataFrame, Series or list of molecules, got {type(source).__name__}"
    )


# Any: cells of any type.
def cell_text(value: Any) -> str:
    """A cell as text; empty for a missing value, SMILES for a molecule."""
    if isinstance(value, str):
        return value
    if isinstance(value, Molecule):
        return value.smiles
    if type(value).__module__.startswith("rdkit"):
        return smiles_of_mol(value)
    is_missing = value is None or value != value or str(value) in ("<NA>", "NaT")
    try:
        text = value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        raise DataError(
            f"expected text, got bytes that are not UTF-8: {value[:30]!r}; convert the column"
        ) from None
    return "" if is_missing else text


# Any: cells of any type.
def _rows_of(columns: Iterable[Sequence[Any]]) -> Iterator[list[str]]:
    for row in zip(*columns, strict=True):
        yield [cell_text(cell) for cell in row]


# Any: pyarrow has no types.
def _columns(batch: Any) -> list[list[Any]]:
    """The cells of each column, of which several may have the same name."""
    return [column.to_pylist() for column in batch.columns]


def _number(rows: Iterable[list[str]]) -> OpenRecords:
    count = 0

    def records() -> Iterator[Record]:
        nonlocal count
        for row in rows:
            count += 1
            yield Record(count, row)

    return records(), lambda: count


# Any: pyarrow has no types.
@contextmanager
def _open_parquet(path: Path) -> Iterator[Any]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None
    try:
        with parquet.ParquetFile(local_path(path)) as file:
            yield file
    except (ArrowException, OSError) as error:
        raise DataError(
            f"{display_name(path)} is a damaged Parquet file ({first_line(error)})"
        ) from None


def _sample(lines: Iterable[str]) -> list[str]:
    """The first lines: all comments, and the first rows."""
    sample: list[str] = []
    rows = 0
    for line in islice(lines, _LONGEST_LEAD):
        sample.append(line)
        if line.strip() and (rows or not is_comment(line)):
            rows += 1
        if rows == _SAMPLE_LINES:
            break
    return sample
