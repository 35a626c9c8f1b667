"""A file of molecules -> their scores, row by row."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.dataset.rows import RefusedRow
from molvae.dataset.tables import Row, Table
from molvae.errors import DataError, MoleculeError
from molvae.files import atomic_write
from molvae.objectives.objective import Failure, Objective, Scores

_AT_ONCE = 5_000


@dataclass(frozen=True)
class ScoredTable:
    """The scores of a file's molecules, in its order and with duplicates."""

    smiles: tuple[str, ...]
    """Canonical."""
    rows: tuple[int, ...]
    """The line of the file that each molecule stood on."""
    scores: Scores
    refused: tuple[RefusedRow, ...]

    def columns(self) -> dict[str, list[str] | list[int] | list[float]]:
        """What is written of it: smiles, row, score, then each value with its desirability."""
        table: dict[str, list[str] | list[int] | list[float]] = {
            "smiles": list(self.smiles),
            "row": list(self.rows),
            "score": self.scores.total.tolist(),
        }
        for name, values in self.scores.values.items():
            table[name] = values.tolist()
            if name in self.scores.desirabilities:
                table[f"{name}_desirability"] = self.scores.desirabilities[name].tolist()
        return table

    @property
    def scored(self) -> int:
        """Molecules that have a score."""
        return int(np.isfinite(self.scores.total).sum())

    @property
    def best(self) -> float | None:
        """The highest score; None when no molecule has one."""
        return float(np.nanmax(self.scores.total)) if self.scored else None


def score_table(
    objective: Objective, path: Path, smiles_column: str | None = None, *, progress: bool = False
) -> ScoredTable:
    """Scores of the molecules of a file as they stand there; nothing is cleaned.

    Args:
        objective: what is wanted.
        path: a CSV, TSV or SMI file, plain or gzip.
        smiles_column: column with the SMILES; None finds it.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, lacks the column, or holds no molecule.
    """
    table = Table.open(path, smiles_column)
    smiles: list[str] = []
    lines: list[int] = []
    parts: list[Scores] = []
    refused: list[RefusedRow] = []
    with tqdm(unit=" molecules", disable=not progress) as bar:
        for found in _molecules(table, refused):
            molecules = [molecule for _, molecule in found]
            # What stands there twice is asked for once: somebody else's answers may be dear.
            once = {molecule.smiles: molecule for molecule in molecules}
            place = {text: number for number, text in enumerate(once)}
            scores = objective.score(list(once.values()))
            parts.append(scores.at([place[molecule.smiles] for molecule in molecules]))
            smiles += [molecule.smiles for molecule in molecules]
            lines += [line for line, _ in found]
            bar.update(len(molecules))
    if not parts:
        example = f"; line {refused[0].line}: {refused[0].reason}" if refused else ""
        raise DataError(
            f"{str(path)!r} holds no molecule in {len(refused)} rows{example}; check the file, or "
            "name the column with `smiles_column`"
        )
    return ScoredTable(tuple(smiles), tuple(lines), _joined(parts), tuple(refused))


def write_failures(path: Path, failures: Sequence[Failure]) -> None:
    """A CSV of what somebody else's code could not score: smiles, component, reason.

    Raises:
        FileError: the disk is full, or the place cannot be written to.
    """
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["smiles", "component", "reason"])
        writer.writerows([one.smiles, one.component, one.reason] for one in failures)


def _molecules(table: Table, refused: list[RefusedRow]) -> Iterator[list[tuple[int, Molecule]]]:
    """Lines with their molecules, some thousand at a time; others are added to `refused`."""
    for chunk in table.chunks(_AT_ONCE):
        found: list[tuple[int, Molecule]] = []
        for row in chunk.rows:
            read = _read(row)
            if isinstance(read, Molecule):
                found.append((row.number, read))
            else:
                refused.append(read)
        if found:
            yield found


def _read(row: Row) -> Molecule | RefusedRow:
    if row.problem is not None:
        return RefusedRow(row.number, row.problem, row.text, "")
    try:
        return Molecule.parse(row.text)
    except MoleculeError as error:
        return RefusedRow(row.number, error.reason, row.text, error.detail)


def _joined(parts: Sequence[Scores]) -> Scores:
    first = parts[0]
    return Scores(
        total=np.concatenate([one.total for one in parts]),
        values={name: np.concatenate([one.values[name] for one in parts]) for name in first.values},
        desirabilities={
            name: np.concatenate([one.desirabilities[name] for one in parts])
            for name in first.desirabilities
        },
        failures=tuple(failure for one in parts for failure in one.failures),
    )
