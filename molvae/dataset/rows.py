"""The rows of a table as spelled molecules, in their order and with duplicates."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from molvae.chem.notation import Selfies
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.chunks import ChunkWork, answered_chunks
from molvae.dataset.cleaning import Accepted, CleaningRules, CleaningTask, accepted_molecule
from molvae.dataset.corpus_config import MAX_SYMBOLS
from molvae.dataset.tables import Chunk, Table
from molvae.errors import MoleculeError
from molvae.parallel import available_cores


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """An accepted molecule."""

    line: int
    """Of the file, counted from 1."""
    smiles: str
    """Canonical, after cleaning."""
    selfies: Selfies


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row without an acceptable molecule."""

    line: int
    reason: str
    text: str
    detail: str


def read_rows(
    path: Path,
    smiles_column: str | None = None,
    cleaning: StandardizeConfig | None = None,
    workers: int | None = None,
    *,
    max_symbols: int = MAX_SYMBOLS,
    progress: bool = False,
) -> Iterator[list[AcceptedRow | RefusedRow]]:
    """The rows of a file, some hundred at a time; molecules are cleaned as they are for training.

    Args:
        path: a CSV, TSV or SMI file, plain or gzip.
        smiles_column: column with the SMILES; None finds it.
        cleaning: how molecules are cleaned, and which are refused.
        workers: processes to clean with; None means one per core.
        max_symbols: of which a molecule may have no more.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, or lacks the column.
    """
    table = Table.open(path, smiles_column)
    rules = CleaningRules(cleaning or StandardizeConfig(), max_symbols)
    work = ChunkWork(clean_texts, partial(CleaningTask, rules=rules))
    for chunk, answers in answered_chunks(
        table, work, workers or available_cores(), progress=progress
    ):
        yield _rows(chunk, answers)


def clean_texts(task: CleaningTask) -> list[Accepted | MoleculeError]:
    """The molecule of each text of the task, or why it has none."""
    return [_clean_text(text, task.rules) for text in task.texts]


def _clean_text(text: str, rules: CleaningRules) -> Accepted | MoleculeError:
    try:
        return accepted_molecule(text, rules)
    except MoleculeError as error:
        return MoleculeError(error.reason, error.detail)


def _rows(chunk: Chunk, answers: list[Accepted | MoleculeError]) -> list[AcceptedRow | RefusedRow]:
    answered = iter(answers)
    rows: list[AcceptedRow | RefusedRow] = []
    for row in chunk.rows:
        if row.problem is not None:
            rows.append(RefusedRow(row.number, str(row.problem), row.text, ""))
            continue
        answer = next(answered)
        if isinstance(answer, MoleculeError):
            rows.append(RefusedRow(row.number, answer.reason, row.text, answer.detail))
        else:
            rows.append(AcceptedRow(row.number, answer.smiles, answer.selfies))
    return rows
