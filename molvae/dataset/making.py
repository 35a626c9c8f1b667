"""How a token store is made: rows in chunks, cleaned on all cores, distinct ones written down."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

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
        writer.write_properties(tally.values.table())
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
    values: "_Values" = field(init=False)
    rows: int = 0
    molecules: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    first_refused: str = ""

    def __post_init__(self) -> None:
        self.values = _Values(self.table.property_names)

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
                told = self.values.merge(identity, rows[place])
                refused.append((rows[place], str(Refusal.DUPLICATE), told))
                continue
            self.seen.add(identity)
            self.values.add(identity, rows[place])
            is_new[number] = True
        self.changed.update(change for number, change in cleaned.changed if is_new[number])
        self._write_new(cleaned, is_new, writer)
        self._write_refused(refused, writer)
        self.rows += len(chunk.rows)

    def _write_new(self, cleaned: Cleaned, is_new: np.ndarray, writer: StoreWriter) -> None:
        codes = [self.codes.setdefault(symbol, len(self.codes)) for symbol in cleaned.symbols]
        if len(self.codes) > _MOST_SYMBOLS:
            raise DataError(
                f"{str(self.table.path)!r} has more than {_MOST_SYMBOLS:,} distinct symbols; "
                "is it a table of molecules?"
            )
        kept = cleaned.codes[np.repeat(is_new, cleaned.lengths)]
        lengths = cleaned.lengths[is_new]
        writer.append(np.array(codes, dtype=np.uint16)[kept], lengths)
        self.molecules += len(lengths)

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
        missing, not_numbers = self.values.missing(), self.values.not_numbers()
        for column in self.table.property_names:
            if missing[column] + not_numbers[column] == self.molecules:
                raise DataError(f"{name}: column {column!r} holds no number; name another one")

    # Any: the key is JSON.
    def record(self, key: dict[str, Any], source: Source, vocabulary: Vocabulary) -> StoreRecord:
        """What has come of it all."""
        return StoreRecord(
            key=key,
            source=source,
            vocabulary=vocabulary.to_json(),
            property_names=self.table.property_names,
            rows=self.rows,
            molecules=self.molecules,
            refused=dict(self.refused),
            changed=dict(self.changed),
            missing=self.values.missing(),
            not_numbers=self.values.not_numbers(),
        )


class _Values:
    """Property values of the distinct molecules; further rows of one fill in what it lacks."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._flat = array("f")
        """Row after row, in the order of the molecules."""
        self._begins: dict[bytes, int] = {}
        """Where each molecule's values begin; nothing is kept where there are no properties."""
        self._wrong: set[int] = set()
        """Places where something stood that is no number."""

    def add(self, identity: bytes, row: Row) -> None:
        """Take down the values of a new molecule."""
        if self._names:
            begin = self._begins[identity] = len(self._flat)
            self._flat.extend(row.properties)
            self._wrong.update(begin + column for column in row.not_numbers)

    def merge(self, identity: bytes, row: Row) -> str:
        """Fill in from another row of a molecule; words of what it has that is not taken."""
        begin = self._begins.get(identity, 0)
        contradicted = []
        for place, (name, value) in enumerate(
            zip(self._names, row.properties, strict=False), start=begin
        ):
            if isnan(self._flat[place]):
                self._flat[place] = value
            elif not isnan(value) and self._flat[place] != array("f", [value])[0]:
                contradicted.append(f"{name} is {value:g}, kept is {self._flat[place]:g}")
        return "; ".join(contradicted)

    def table(self) -> Float32[np.ndarray, "molecule property"]:
        """All of them."""
        width = max(len(self._names), 1)
        return np.array(self._flat, dtype=np.float32).reshape(-1, width)

    def missing(self) -> dict[str, int]:
        """Molecules without a value, by property."""
        empty = np.isnan(self.table()).sum(0).tolist()
        wrong = self.not_numbers()
        return {name: count - wrong[name] for name, count in zip(self._names, empty, strict=False)}

    def not_numbers(self) -> dict[str, int]:
        """Molecules with something else than a number, by property."""
        left = Counter(
            place % len(self._names) for place in self._wrong if isnan(self._flat[place])
        )
        return {name: left[column] for column, name in enumerate(self._names)}
