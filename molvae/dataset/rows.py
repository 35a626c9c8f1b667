"""Rows of a table as cleaned molecules, in order and with duplicates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from molvae.chem.notation import Selfies
from molvae.chem.refusal import result_or_refusal
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.changed import ChangeCount
from molvae.dataset.chunks import ChunkWork, map_chunks
from molvae.dataset.cleaning import Accepted, CleaningRules, CleaningTask, clean_text
from molvae.dataset.corpus_config import MAX_SYMBOLS
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.tables import Chunk, Table
from molvae.errors import MoleculeError
from molvae.parallel import available_cores


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """An accepted molecule."""

    line: int
    """Line of the file, counted from 1."""
    smiles: str
    """Canonical SMILES, after cleaning."""
    selfies: Selfies
    further: Mapping[str, str] = field(default_factory=dict)
    """Further columns of the row, by name."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row without an acceptable molecule."""

    line: int
    reason: str
    text: str
    detail: str


# Any: see `MoleculeSource`.
def read_rows(
    source: Any,
    columns: ColumnChoice | None = None,
    cleaning: StandardizeConfig | None = None,
    workers: int | None = None,
    *,
    max_symbols: int = MAX_SYMBOLS,
    progress: bool = False,
) -> Iterator[list[AcceptedRow | RefusedRow]]:
    """The rows of a file in order, some hundred at a time, cleaned as for training.

    After the last row a warning is logged if cleaning changed any molecule.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file (`-` for standard input), DataFrame, Series or
            list of molecules.
        columns: columns to read, by name; None finds the SMILES and keeps all other columns.
        cleaning: how molecules are cleaned, and which are refused.
        workers: processes to clean with; None means one per core.
        max_symbols: largest number of symbols of a molecule.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, or lacks the column.
    """
    columns = columns or ColumnChoice()
    table = Table.open(
        source, columns.smiles, selfies_column=columns.selfies, keep_columns=columns.keep
    )
    changed = ChangeCount()
    rules = CleaningRules(cleaning or StandardizeConfig(), max_symbols)
    work = ChunkWork(clean_texts, partial(CleaningTask, rules=rules))
    for chunk, answers in map_chunks(table, work, workers or available_cores(), progress=progress):
        yield _rows(table, chunk, answers, changed)
    changed.warn()


def clean_texts(task: CleaningTask) -> list[Accepted | MoleculeError]:
    """The molecule of each text of the task, or why there is none."""
    return [result_or_refusal(clean_text, text, task.rules) for text in task.texts]


def _rows(
    table: Table,
    chunk: Chunk,
    answers: list[Accepted | MoleculeError],
    changed: ChangeCount,
) -> list[AcceptedRow | RefusedRow]:
    remaining = iter(answers)
    rows: list[AcceptedRow | RefusedRow] = []
    for row in chunk.rows:
        if row.problem is not None:
            rows.append(RefusedRow(row.number, str(row.problem), row.text, row.detail))
            continue
        answer = next(remaining)
        if isinstance(answer, MoleculeError):
            rows.append(RefusedRow(row.number, answer.reason, row.text, answer.detail))
        else:
            accepted = AcceptedRow(row.number, answer.smiles, answer.selfies, table.further(row))
            rows.append(accepted)
            changed.add(answer.changes, f"on line {row.number}", row.text, answer.smiles)
    return rows
