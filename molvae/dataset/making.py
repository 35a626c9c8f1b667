"""How a token store is made: rows are cleaned into shards, and distinct ones become the store."""

from bisect import bisect_right
from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from molvae.chem.refusal import Refusal
from molvae.dataset.chunks import ChunkWork, map_chunks
from molvae.dataset.cleaned_rows import CleanedRows
from molvae.dataset.cleaning import CleaningRules, CleaningTask, clean, clean_alike
from molvae.dataset.duplicates import Duplicates
from molvae.dataset.labels import LabelCounts, LabelRow, LabelRules, Labels
from molvae.dataset.shards import SHARD_ROWS, Shards
from molvae.dataset.store import FileState, StoreRecord, StoreWriter
from molvae.dataset.table_set import TableSet
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
    shard_folder: Path,
    tables: TableSet,
    rules: StoreRules,
    workers: int,
    *,
    executor: Executor | None = None,
    progress: bool,
) -> None:
    """Write the token store of one or more tables.

    Args:
        folder: an empty folder for the store.
        shard_folder: folder for the cleaned rows; those that are there already are not cleaned
            again.
        tables: the tables.
        rules: how rows are cleaned, and what becomes of duplicates.
        workers: processes to clean with, of this machine or of the executor.
        executor: cleans instead of processes of this machine.
        progress: whether to show a bar.

    Raises:
        DataError: a table cannot be read to its end, or there is no acceptable molecule.
        OSError: a folder cannot be written to.
        WorkerError: worker processes died repeatedly, or a cluster has no workers.
        ConfigError: a worker of the executor has other versions of the packages that clean.
    """
    sources = tuple(map(FileState.of, tables.local_paths))
    contents = [[source.size, source.sha256] for source in sources]
    shards = Shards(shard_folder, {"key": rules.key, "files": contents})
    function = partial(clean_alike, versions=rules.key["versions"]) if executor else clean
    work = ChunkWork(function, partial(CleaningTask, rules=rules.cleaning))
    rest = replace(tables, done=shards.rows_done)
    width = len(tables.property_names)
    shards.write(
        (
            (chunk.table, CleanedRows.pack(chunk, cleaned, width))
            for chunk, cleaned in map_chunks(
                rest, work, workers, executor=executor, progress=progress
            )
        ),
        SHARD_ROWS,
    )
    record = _merge(folder, shard_folder, tables, shards, rules)
    for path, source in zip(tables.local_paths, sources, strict=True):
        if not source.is_still(path):
            raise DataError(f"{str(path)!r} changed while it was read; run again")
    replace(record, sources=sources).write(folder)


def _merge(
    folder: Path, scratch: Path, tables: TableSet, shards: Shards, rules: StoreRules
) -> StoreRecord:
    """Write the distinct molecules of the shards; the record, which does not know the files."""
    chunks = (chunk.identities for shard in shards.finished for chunk in shards.read(shard))
    accepted = sum(shard.accepted for shard in shards.finished)
    tally = _Tally(tables, shards, rules.labels, Duplicates(chunks, accepted, scratch))
    with StoreWriter(folder, names_files=len(tables.tables) > 1) as writer:
        for shard in shards.finished:
            for chunk in shards.read(shard):
                tally.add(chunk, shard.table, writer)
        values, qualifiers, counts = tally.labels.resolve()
        tally.check(counts)
        vocabulary = Vocabulary.from_symbols(tally.codes)
        writer.write_properties(values, qualifiers)
        writer.finish(np.array(vocabulary.encode(tuple(tally.codes)), dtype=np.uint16))
    return tally.record(rules.key, vocabulary, counts)


class _Tally:
    """Counts of the rows that are being merged, and the labels and symbols of the molecules."""

    def __init__(
        self, tables: TableSet, shards: Shards, rules: LabelRules, duplicates: Duplicates
    ) -> None:
        self._tables = tables
        self._duplicates = duplicates
        ends = list(accumulate(shard.accepted for shard in shards.finished))
        files = [tables.file_name(shard.table) for shard in shards.finished]
        self.labels = Labels(
            tables.property_names, rules, lambda position: files[bisect_right(ends, position)]
        )
        self.codes: dict[str, int] = {}
        """Position of each symbol in the order of first appearance."""
        self._position = 0
        """Number of accepted rows, duplicates included."""
        self._rows: Counter[int] = Counter()
        """Number of all rows of each table."""
        self._molecules = 0
        self._changed: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._first_refused = ""

    def add(self, rows: CleanedRows, table: int, writer: StoreWriter) -> None:
        """Store the new molecules, and the refused rows in the order of lines."""
        begin, self._position = self._position, self._position + len(rows.lines)
        positions, firsts = self._duplicates.between(begin, self._position)
        is_new = np.ones(len(rows.lines), dtype=bool)
        is_new[positions - begin] = False
        first_of = dict(zip((positions - begin).tolist(), firsts.tolist(), strict=True))
        notes = self._label(rows, begin, first_of)
        refused = rows.refused + [
            (int(rows.lines[row]), str(Refusal.DUPLICATE), rows.texts[row], notes.get(row, ""))
            for row in first_of
        ]
        self._changed.update(change for row, change in rows.changed if is_new[row])
        self._write_new(rows, is_new, writer)
        for row in sorted(refused):
            writer.refuse(row, self._tables.file_name(table))
            self._refused[row[1]] += 1
            self._first_refused = self._first_refused or f"line {row[0]}: {row[2][:60]!r}"
        self._rows[table] += rows.rows

    def _label(self, rows: CleanedRows, begin: int, first_of: dict[int, int]) -> dict[int, str]:
        """Record the property values; notes on the duplicates whose values differ."""
        notes: dict[int, str] = {}
        if not self._tables.property_names:
            return notes
        columns = (rows.lines, rows.values, rows.qualifiers, rows.not_numbers)
        for row, cells in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            if row in first_of:
                notes[row] = self.labels.merge(first_of[row], LabelRow(*cells))
            else:
                self.labels.add(begin + row, LabelRow(*cells))
        return notes

    def _write_new(self, rows: CleanedRows, is_new: np.ndarray, writer: StoreWriter) -> None:
        codes = [self.codes.setdefault(symbol, len(self.codes)) for symbol in rows.symbols]
        if len(self.codes) > _MOST_SYMBOLS:
            raise DataError(
                f"{self._tables.name} has more than {_MOST_SYMBOLS:,} distinct symbols; "
                "is it a table of molecules?"
            )
        new_codes = rows.codes[np.repeat(is_new, rows.lengths)]
        lengths = rows.lengths[is_new]
        writer.append(np.array(codes, dtype=np.uint16)[new_codes], lengths)
        self._molecules += len(lengths)

    def check(self, counts: LabelCounts) -> None:
        """Check that there is something to work with.

        Raises:
            DataError: no row, no acceptable molecule, or no number at all in a property column.
        """
        tables = self._tables
        n_rows = self._rows.total()
        if not n_rows:
            raise DataError(
                f"{tables.name} has a header but no rows; expected a molecule in each row"
            )
        if not self._molecules:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._refused.items())
            layout = tables.tables[0].layout
            column = layout.columns[layout.smiles]
            raise DataError(
                f"{tables.name} holds no acceptable molecule in {n_rows:,} rows ({reasons}; "
                f"{self._first_refused}); the molecules were read from column {column!r}: "
                "name another one or relax the limits"
            )
        for column in tables.property_names:
            if counts.missing[column] + counts.not_numbers[column] == self._molecules:
                raise DataError(
                    f"{tables.name}: column {column!r} holds no number; name another one"
                )

    # Any: the key is JSON.
    def record(
        self, key: dict[str, Any], vocabulary: Vocabulary, counts: LabelCounts
    ) -> StoreRecord:
        """The record of the finished store, still without the files."""
        empty = [
            f"{str(path)!r} has a header but no rows"
            for index, path in enumerate(self._tables.paths)
            if not self._rows[index]
        ]
        return StoreRecord(
            key=key,
            sources=(),
            vocabulary=vocabulary.to_json(),
            property_names=self._tables.property_names,
            rows=self._rows.total(),
            molecules=self._molecules,
            refused=dict(self._refused),
            missing=counts.missing,
            not_numbers=counts.not_numbers,
            merged=counts.merged,
            qualified=counts.qualified,
            changed=dict(self._changed),
            notes=(*self._tables.notes, *empty),
        )
