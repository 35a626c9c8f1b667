"""How a token store is made: rows in chunks, cleaned on all cores, distinct ones written down."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from molvae.chem.refusal import Refusal
from molvae.dataset.chunks import ChunkWork, answered_chunks
from molvae.dataset.cleaning import Cleaned, CleaningRules, CleaningTask, clean
from molvae.dataset.store import Source, StoreRecord, StoreWriter
from molvae.dataset.tables import Chunk, Row, Table
from molvae.errors import DataError
from molvae.vocabulary import Vocabulary

_MOST_SYMBOLS = 60_000
"""Distinct ones: an id takes 16 bits in the store, and the vocabulary adds some."""


# Any: the key is JSON.
def make_store(
    folder: Path,
    table: Table,
    rules: CleaningRules,
    key: dict[str, Any],
    workers: int,
    *,
    progress: bool,
) -> None:
    """Write the token store of a table into an empty folder.

    Raises:
        DataError: the table cannot be read to its end, or holds no acceptable molecule.
        OSError: the folder cannot be written to.
    """
    source = Source.of(table.path)
    tally = _Tally(table)
    with StoreWriter(folder) as writer:
        work = ChunkWork(clean, partial(CleaningTask, rules=rules))
        for chunk, cleaned in answered_chunks(table, work, workers, progress=progress):
            tally.add(chunk, cleaned, writer)
        tally.check()
        vocabulary = Vocabulary.from_symbols(tally.codes)
        writer.finish(np.array(vocabulary.encode(tuple(tally.codes)), dtype=np.uint16))
    if not source.is_still(table.path):
        raise DataError(f"{str(table.path)!r} changed while it was read; run again")
    tally.record(key, source, vocabulary).write(folder)


@dataclass(slots=True)
class _Tally:
    """What has been seen so far of a table that is being read."""

    table: Table
    codes: dict[str, int] = field(default_factory=dict)
    """Each symbol's place in the order of first appearance."""
    seen: set[bytes] = field(default_factory=set)
    rows: int = 0
    molecules: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    missing: Counter[int] = field(default_factory=Counter)
    not_numbers: Counter[int] = field(default_factory=Counter)
    first_refused: str = ""

    def add(self, chunk: Chunk, cleaned: Cleaned, writer: StoreWriter) -> None:
        """Write down the new molecules of a chunk, and its refused rows in the order of lines."""
        rows = chunk.readable
        refused = [(row, str(row.problem), "") for row in chunk.rows if row.problem is not None]
        refused += [(rows[place], reason, detail) for place, reason, detail in cleaned.refused]
        is_new = np.zeros(len(cleaned.accepted), dtype=bool)
        for number, (place, identity) in enumerate(
            zip(cleaned.accepted.tolist(), cleaned.identities, strict=True)
        ):
            if identity in self.seen:
                refused.append((rows[place], str(Refusal.DUPLICATE), ""))
                continue
            self.seen.add(identity)
            is_new[number] = True
        self._write_new(rows, cleaned, is_new, writer)
        self._write_refused(refused, writer)
        self.rows += len(chunk.rows)

    def _write_new(
        self, rows: list[Row], cleaned: Cleaned, is_new: np.ndarray, writer: StoreWriter
    ) -> None:
        accepted = [rows[place] for place in cleaned.accepted[is_new].tolist()]
        values = np.array([row.properties for row in accepted], dtype=np.float32)
        values = values.reshape(len(accepted), len(self.table.layout.properties))
        codes = [self.codes.setdefault(symbol, len(self.codes)) for symbol in cleaned.symbols]
        if len(self.codes) > _MOST_SYMBOLS:
            raise DataError(
                f"{str(self.table.path)!r} has more than {_MOST_SYMBOLS:,} distinct symbols; "
                "is it a table of molecules?"
            )
        kept = cleaned.codes[np.repeat(is_new, cleaned.lengths)]
        lengths = cleaned.lengths[is_new]
        writer.append(np.array(codes, dtype=np.uint16)[kept], lengths, values)
        self.molecules += len(accepted)
        wrong = [place for row in accepted for place in row.not_numbers]
        self.not_numbers.update(wrong)
        self.missing.update(np.nonzero(np.isnan(values))[1].tolist())
        self.missing.subtract(wrong)

    def _write_refused(self, refused: list[tuple[Row, str, str]], writer: StoreWriter) -> None:
        for row, reason, detail in sorted(refused, key=lambda entry: entry[0].number):
            writer.refuse(row.number, reason, row.text, detail)
            self.refused[reason] += 1
            self.first_refused = self.first_refused or f"line {row.number}: {row.text[:60]!r}"

    def check(self) -> None:
        """See that there is something to work with.

        Raises:
            DataError: no row, no acceptable molecule, or no number at all in a property column.
        """
        name = repr(str(self.table.path))
        if not self.rows:
            raise DataError(f"{name} has a header but no rows; expected a SMILES in each row")
        if not self.molecules:
            counts = ", ".join(f"{count:,} {reason}" for reason, count in self.refused.items())
            column = self.table.layout.columns[self.table.layout.smiles]
            raise DataError(
                f"{name} holds no acceptable molecule in {self.rows:,} rows ({counts}; "
                f"{self.first_refused}); column {column!r} was read as SMILES: name another one "
                "or relax the limits"
            )
        for place, column in enumerate(self.table.property_names):
            if self.missing[place] + self.not_numbers[place] == self.molecules:
                raise DataError(f"{name}: column {column!r} holds no number; name another one")

    # Any: the key is JSON.
    def record(self, key: dict[str, Any], source: Source, vocabulary: Vocabulary) -> StoreRecord:
        """What has come of it all."""
        names = self.table.property_names
        return StoreRecord(
            key=key,
            source=source,
            vocabulary=vocabulary.to_json(),
            property_names=names,
            rows=self.rows,
            molecules=self.molecules,
            refused=dict(self.refused),
            missing={name: self.missing[place] for place, name in enumerate(names)},
            not_numbers={name: self.not_numbers[place] for place, name in enumerate(names)},
        )
