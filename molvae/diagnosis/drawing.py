"""Random distinct molecules of a file; only sampled rows are cleaned."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from molvae.chem.notation import Selfies
from molvae.chem.refusal import Refusal
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.changed import ChangeCount
from molvae.dataset.cleaning import Accepted, CleaningRules, CleaningTask
from molvae.dataset.corpus_config import MAX_SYMBOLS
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.rows import RefusedRow, clean_texts
from molvae.dataset.tables import Row, Table
from molvae.errors import DataError, MoleculeError
from molvae.vocabulary import Vocabulary

_ROWS = 500
_SPARE = 4
"""Rows sampled per molecule wanted, as some are refused."""


@dataclass(frozen=True)
class DrawnMolecules:
    """Distinct molecules in the order they were sampled, and the refused rows."""

    smiles: tuple[str, ...]
    """Canonical SMILES after cleaning."""
    selfies_rows: tuple[Selfies, ...]
    refused: tuple[RefusedRow, ...]
    """Sampled rows without a new molecule that the model can read."""
    rows: int
    """Number of rows of the file."""

    @property
    def reasons(self) -> dict[str, int]:
        """Number of refused rows by reason."""
        return dict(Counter(row.reason for row in self.refused))


_MORE = 8
"""Factor by which more rows are sampled if the first brought too few molecules."""


def draw_molecules(
    path: Path,
    n: int,
    vocabulary: Vocabulary,
    seed: int = 0,
    columns: ColumnChoice | None = None,
    rules: CleaningRules | None = None,
    *,
    progress: bool = False,
) -> DrawnMolecules:
    """Sample `n` distinct molecules of a file, or fewer if it has no more.

    A warning is logged if cleaning changed any of them.

    Args:
        path: a CSV, TSV, SMI, SDF or Parquet file, also compressed.
        n: number of molecules.
        vocabulary: symbols that a molecule may have.
        seed: random seed.
        columns: the column to read; None finds the SMILES.
        rules: how molecules are cleaned, and which are refused.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, or has fewer than two such molecules.
    """
    columns = columns or ColumnChoice()
    table = Table.open(path, columns.smiles, selfies_column=columns.selfies)
    rules = rules or CleaningRules(StandardizeConfig(), MAX_SYMBOLS)
    collection, judged, most, total = _Collection(n, vocabulary), 0, _SPARE * n + _ROWS, 1
    with tqdm(total=n, unit=" molecules", desc="drawing", disable=not progress) as bar:
        while len(collection.molecules) < n and judged < total:
            # The same seed draws the same rows first, and then further ones.
            rows, total = _sample_rows(table, most, np.random.default_rng(seed))
            for begin in range(judged, len(rows), _ROWS):
                bar.update(collection.add(rows[begin : begin + _ROWS], rules))
                if len(collection.molecules) == n:
                    break
            judged, most = len(rows), _MORE * most
    drawn = DrawnMolecules(
        tuple(collection.molecules),
        tuple(collection.molecules.values()),
        tuple(collection.refused),
        total,
    )
    _check_enough(drawn, path)
    collection.changed.warn()
    return drawn


@dataclass
class _Collection:
    n: int
    vocabulary: Vocabulary
    changed: ChangeCount = field(default_factory=ChangeCount)
    molecules: dict[str, Selfies] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)

    def add(self, rows: list[Row], rules: CleaningRules) -> int:
        """Take molecules of the rows up to the number wanted; the number of new molecules."""
        before = len(self.molecules)
        readable = [row.text for row in rows if row.problem is None]
        answers = iter(clean_texts(CleaningTask(readable, rules)))
        for row in rows:
            answer = None if row.problem is not None else next(answers)
            if len(self.molecules) < self.n:
                self._judge(row, answer)
        return len(self.molecules) - before

    def _judge(self, row: Row, answer: Accepted | MoleculeError | None) -> None:
        reason, detail = str(row.problem), ""
        if isinstance(answer, MoleculeError):
            reason, detail = answer.reason, answer.detail
        elif answer is not None:
            smiles, selfies = answer.smiles, answer.selfies
            unknown = sorted({symbol for symbol in selfies if symbol not in self.vocabulary})
            if not unknown and smiles not in self.molecules:
                self.molecules[smiles] = selfies
                self.changed.add(answer.changes, f"on line {row.number}", row.text, smiles)
                return
            reason = Refusal.UNKNOWN_SYMBOL if unknown else Refusal.DUPLICATE
            detail = f"this model has no symbol {', '.join(unknown)}" if unknown else ""
        self.refused.append(RefusedRow(row.number, reason, row.text, detail))


def _sample_rows(table: Table, most: int, generator: np.random.Generator) -> tuple[list[Row], int]:
    """Up to `most` rows in random order, and the number of rows; memory is that of the former."""
    kept: list[tuple[float, int, Row]] = []
    total = 0
    for chunk in table.chunks(_ROWS):
        keys = generator.random(len(chunk.rows)).tolist()
        total += len(keys)
        kept += [(key, row.number, row) for key, row in zip(keys, chunk.rows, strict=True)]
        if len(kept) > 2 * most:
            kept = heapq.nsmallest(most, kept, key=lambda item: item[:2])
    chosen = heapq.nsmallest(most, kept, key=lambda item: item[:2])
    return [row for _, _, row in chosen], total


def _check_enough(drawn: DrawnMolecules, path: Path) -> None:
    if len(drawn.smiles) >= 2:
        return
    count = len(drawn.smiles) or "no"
    examples = "".join(
        f"; line {row.line}: {row.reason} ({row.text[:60]!r})" for row in drawn.refused[:1]
    )
    raise DataError(
        f"{str(path)!r}: {count} molecule that this model can read in {drawn.rows} rows{examples}; "
        "two are the least; check the file, or name the column with `smiles_column`"
    )
