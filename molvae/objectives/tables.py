"""Scores of the molecules in a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.chem.refusal import result_or_refusal
from molvae.dataset.changed import ChangeCount
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.names import join_columns, unique_names
from molvae.dataset.rows import RefusedRow
from molvae.dataset.tables import Table
from molvae.errors import DataError, MoleculeError
from molvae.files import TableWriter, atomic_write
from molvae.objectives.objective import Failure, Objective, Scores

_AT_ONCE = 5_000


@dataclass(frozen=True)
class ScoredTable:
    """Scores of the molecules in a file, in file order and with duplicates."""

    smiles: tuple[str, ...]
    """Canonical SMILES."""
    rows: tuple[int, ...]
    """1-based line number of each molecule."""
    scores: Scores
    refused: tuple[RefusedRow, ...]
    further: tuple[Mapping[str, str], ...] = ()
    """Additional columns of each row, by name."""

    # Any: cells are texts or numbers.
    def columns(self) -> dict[str, Sequence[Any]]:
        """Output columns: smiles, row, score, values and desirabilities, columns of the file.

        A measured value that has the name of another column gets a number behind it.
        """
        table: dict[str, list[str] | list[int] | list[float]] = {
            "smiles": list(self.smiles),
            "row": list(self.rows),
            "score": self.scores.total.tolist(),
        }
        numbers = []
        for name, values in self.scores.values.items():
            numbers.append((name, values))
            if name in self.scores.desirabilities:
                numbers.append((f"{name}_desirability", self.scores.desirabilities[name]))
        labels = unique_names([name for name, _ in numbers], [*table])
        for label, (_, values) in zip(labels, numbers, strict=True):
            table[label] = values.tolist()
        return join_columns(table, self.further)

    @property
    def n_scored(self) -> int:
        """Number of molecules that have a score."""
        return int(np.isfinite(self.scores.total).sum())

    @property
    def best(self) -> float | None:
        """The highest score; None if no molecule has one."""
        return float(np.nanmax(self.scores.total)) if self.n_scored else None


# Any: see `MoleculeSource`.
def score_table(
    objective: Objective,
    source: Any,
    columns: ColumnChoice | None = None,
    *,
    progress: bool = False,
) -> ScoredTable:
    """Scores of the molecules in a file, without any cleaning.

    A warning is logged if reading changed a molecule: atom map numbers and stereochemistry that a
    SMILES cannot express are removed.

    Args:
        objective: objective that scores the molecules.
        source: CSV, TSV, SMI, SDF or Parquet file (`-` for standard input), DataFrame, Series or
            list of molecules.
        columns: names of the columns to read; None detects the SMILES column and keeps the rest.
        progress: whether to show a progress bar.

    Raises:
        DataError: the file cannot be read, lacks the column, or contains no molecule.
    """
    columns = columns or ColumnChoice()
    table = Table.open(
        source, columns.smiles, selfies_column=columns.selfies, keep_columns=columns.keep
    )
    rows: list[_MoleculeRow] = []
    batches: list[Scores] = []
    refused: list[RefusedRow] = []
    changed = ChangeCount()
    with tqdm(unit=" molecules", disable=not progress) as bar:
        for batch in _molecules(table, refused, changed):
            molecules = [row.molecule for row in batch]
            # Duplicates are scored once: external code may be expensive.
            distinct = {molecule.smiles: molecule for molecule in molecules}
            index = {smiles: number for number, smiles in enumerate(distinct)}
            scores = objective.score(list(distinct.values()))
            batches.append(scores.at([index[molecule.smiles] for molecule in molecules]))
            rows += batch
            bar.update(len(molecules))
    if not batches:
        example = f"; line {refused[0].line}: {refused[0].reason}" if refused else ""
        raise DataError(
            f"{table.name} has no molecule in {len(refused)} rows{example}; check the file, or "
            "name the column with `smiles_column`"
        )
    changed.warn()
    return ScoredTable(
        smiles=tuple(row.molecule.smiles for row in rows),
        rows=tuple(row.line for row in rows),
        scores=_concatenate(batches),
        refused=tuple(refused),
        further=tuple(row.further for row in rows),
    )


def write_failures(path: Path, failures: Sequence[Failure]) -> None:
    """Write a CSV of the molecules that external code could not score, with the reasons.

    Raises:
        FileError: the disk is full, or the file cannot be written.
    """
    with atomic_write(path) as stream:
        writer = TableWriter(stream)
        writer.write_row(["smiles", "component", "reason"])
        for failure in failures:
            writer.write_row([failure.smiles, failure.component, failure.reason])


class _MoleculeRow(NamedTuple):
    line: int
    molecule: Molecule
    further: Mapping[str, str]


def _molecules(
    table: Table, refused: list[RefusedRow], changed: ChangeCount
) -> Iterator[list[_MoleculeRow]]:
    """Rows with a molecule, in batches; the others are added to `refused`."""
    for chunk in table.chunks(_AT_ONCE):
        rows: list[_MoleculeRow] = []
        for row in chunk.rows:
            if row.problem is not None:
                refused.append(RefusedRow(row.number, row.problem, row.text, row.detail))
                continue
            read = result_or_refusal(Molecule.parse, row.text)
            if isinstance(read, MoleculeError):
                refused.append(RefusedRow(row.number, read.reason, row.text, read.detail))
                continue
            rows.append(_MoleculeRow(row.number, read, table.further(row)))
            changed.add(read.changes, f"on line {row.number}", row.text, read.smiles)
        if rows:
            yield rows


def _concatenate(batches: Sequence[Scores]) -> Scores:
    first = batches[0]
    return Scores(
        total=np.concatenate([scores.total for scores in batches]),
        values={
            name: np.concatenate([scores.values[name] for scores in batches])
            for name in first.values
        },
        desirabilities={
            name: np.concatenate([scores.desirabilities[name] for scores in batches])
            for name in first.desirabilities
        },
        failures=tuple(failure for scores in batches for failure in scores.failures),
    )
