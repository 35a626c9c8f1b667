"""How a token store is made: rows in chunks, cleaned on all cores, distinct ones stored."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from molvae.chem.refusal import Refusal
from molvae.dataset.chunks import ChunkWork, map_chunks
from molvae.dataset.cleaning import Cleaned, CleaningRules, CleaningTask, clean
from molvae.dataset.labels import LabelCounts, LabelRules, Labels
from molvae.dataset.store import FileState, StoreRecord, StoreWriter
from molvae.dataset.tables import Chunk, Table
from molvae.errors import DataError
from molvae.vocabulary import Vocabulary

_MOST_SYMBOLS = 60_000
"""Distinct symbols: an id takes 16 bits in the store, and the vocabulary adds some."""


@dataclass(frozen=True)
class StoreRules:
    """How the rows of a table become the molecules of a store."""

    cleaning: CleaningRules
    labels: LabelRules
    # Any: JSON values.
    key: dict[str, Any]
    """Everything that decides what the store holds, besides the data."""


def make_store(
    folder: Path,
    path: Path,
    table: Table,
    rules: StoreRules,
    workers: int,
    *,
    progress: bool,
) -> None:
    """Write the token store of a table, which is in the file `path`, into an empty folder.

    Raises:
        DataError: the table cannot be read to its end, or holds no acceptable molecule.
        OSError: the folder cannot be written to.
    """
    source = FileState.of(path)
    tally = _Tally(table, Labels(table.property_names, rules.labels))
    with StoreWriter(folder) as writer:
        work = ChunkWork(clean, partial(CleaningTask, rules=rules.cleaning))
        for chunk, cleaned in map_chunks(table, work, workers, progress=progress):
            tally.add(chunk, cleaned, writer)
        values, qualifiers, counts = tally.labels.resolve()
        tally.check(counts)
        vocabulary = Vocabulary.from_symbols(tally.codes)
        writer.write_properties(values, qualifiers)
        writer.finish(np.array(vocabulary.encode(tuple(tally.codes)), dtype=np.uint16))
    if not source.is_still(path):
        raise DataError(f"{table.name} changed while it was read; run again")
    tally.record(rules.key, source, vocabulary, counts).write(folder)


@dataclass(slots=True)
class _Tally:
    """Counts of a table that is being read, and the molecules seen in it."""

    table: Table
    labels: Labels
    codes: dict[str, int] = field(default_factory=dict)
    """Position of each symbol in the order of first appearance."""
    seen: set[bytes] = field(default_factory=set)
    rows: int = 0
    molecules: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    first_refused: str = ""

    def add(self, chunk: Chunk, cleaned: Cleaned, writer: StoreWriter) -> None:
        """Store the new molecules of a chunk, and its refused rows in the order of lines."""
        rows = chunk.readable
        refused = [
            (row, str(row.problem), row.detail) for row in chunk.rows if row.problem is not None
        ]
        refused += [(rows[index], reason, detail) for index, reason, detail in cleaned.refused]
        is_new = np.zeros(len(cleaned.accepted), dtype=bool)
        for number, (index, identity) in enumerate(
            zip(cleaned.accepted.tolist(), cleaned.identities, strict=True)
        ):
            if identity in self.seen:
                note = self.labels.merge(identity, rows[index])
                refused.append((rows[index], str(Refusal.DUPLICATE), note))
                continue
            self.seen.add(identity)
            self.labels.add(identity, rows[index])
            is_new[number] = True
        self.changed.update(change for number, change in cleaned.changed if is_new[number])
        self._write_new(cleaned, is_new, writer)
        for row, reason, detail in sorted(refused, key=lambda entry: entry[0].number):
            writer.refuse(row.number, reason, row.text, detail)
            self.refused[reason] += 1
            self.first_refused = self.first_refused or f"line {row.number}: {row.text[:60]!r}"
        self.rows += len(chunk.rows)

    def _write_new(self, cleaned: Cleaned, is_new: np.ndarray, writer: StoreWriter) -> None:
        codes = [self.codes.setdefault(symbol, len(self.codes)) for symbol in cleaned.symbols]
        if len(self.codes) > _MOST_SYMBOLS:
            raise DataError(
                f"{self.table.name} has more than {_MOST_SYMBOLS:,} distinct symbols; "
                "is it a table of molecules?"
            )
        new_codes = cleaned.codes[np.repeat(is_new, cleaned.lengths)]
        lengths = cleaned.lengths[is_new]
        writer.append(np.array(codes, dtype=np.uint16)[new_codes], lengths)
        self.molecules += len(lengths)

    def check(self, counts: LabelCounts) -> None:
        """Check that there is something to work with.

        Raises:
            DataError: no row, no acceptable molecule, or no number at all in a property column.
        """
        name = self.table.name
        if not self.rows:
            raise DataError(f"{name} has a header but no rows; expected a molecule in each row")
        if not self.molecules:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.refused.items())
            column = self.table.layout.columns[self.table.layout.smiles]
            raise DataError(
                f"{name} holds no acceptable molecule in {self.rows:,} rows ({reasons}; "
                f"{self.first_refused}); the molecules were read from column {column!r}: "
                "name another one or relax the limits"
            )
        for column in self.table.property_names:
            if counts.missing[column] + counts.not_numbers[column] == self.molecules:
                raise DataError(f"{name}: column {column!r} holds no number; name another one")

    # Any: the key is JSON.
    def record(
        self, key: dict[str, Any], source: FileState, vocabulary: Vocabulary, counts: LabelCounts
    ) -> StoreRecord:
        """The record of the finished store."""
        return StoreRecord(
            key=key,
            source=source,
            vocabulary=vocabulary.to_json(),
            property_names=self.table.property_names,
            rows=self.rows,
            molecules=self.molecules,
            refused=dict(self.refused),
            missing=counts.missing,
            not_numbers=counts.not_numbers,
            merged=counts.merged,
            qualified=counts.qualified,
            changed=dict(self.changed),
            notes=self.table.notes,
        )
