"""Journal: every score that was paid for, on disk in SQLite before more are asked for."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from pydantic import JsonValue

from molvae.errors import RunError
from molvae.files import with_nan, without_nan
from molvae.optimize.result import Evaluation
from molvae.optimize.state import State

FORMAT = 4
_SAME_SCORES = (3, FORMAT)
"""Formats whose scores stand in the same table, so that they can be read."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # No score is NULL: SQLite keeps no NaN. A point is little-endian float32.
    "CREATE TABLE IF NOT EXISTS scores (call INTEGER PRIMARY KEY, smiles TEXT NOT NULL UNIQUE, "
    "score REAL, measured TEXT NOT NULL, round INTEGER NOT NULL, source TEXT NOT NULL, "
    "point BLOB)",
    "CREATE TABLE IF NOT EXISTS progress "
    "(only INTEGER PRIMARY KEY CHECK (only = 1), counts TEXT NOT NULL, state BLOB NOT NULL)",
    # Of the same state, apart: they are large, and do not change each round.
    "CREATE TABLE IF NOT EXISTS arrays "
    "(only INTEGER PRIMARY KEY CHECK (only = 1), state BLOB NOT NULL)",
)


class Journal:
    """The scores of one search and where it stands; what a method has saved survives `kill -9`."""

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self._connection = connection
        self._place = place
        self._arrays: Mapping[str, np.ndarray] | None = None
        """Those that were saved last."""

    @classmethod
    def open(cls, path: Path | None, about: Mapping[str, JsonValue]) -> "Journal":
        """The journal at `path`, begun when there is none; None keeps it in memory.

        Raises:
            RunError: it is no journal, or that of a search that `about` does not describe.
        """
        place = repr(str(path)) if path else "in memory"
        with _told_as_run_error(place):
            # Each statement is its own transaction unless `_transaction` joins several.
            connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=10)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        journal = cls(connection, place)
        try:
            journal._begin({"format": FORMAT, **about})
        except RunError:
            connection.close()
            raise
        return journal

    @classmethod
    def reading(cls, path: Path) -> "Journal":
        """The journal at `path`, to read alone; the search may still write to it.

        Raises:
            RunError: there is no journal, or it is not one that this version reads.
        """
        place = repr(str(path))
        with _told_as_run_error(place):
            # Opened for writing too, as SQLite itself must be able to clear up after a killed run.
            address = f"{path.resolve().as_uri()}?mode=rw"
            connection = sqlite3.connect(address, uri=True, timeout=10)
            try:
                row = connection.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
            except sqlite3.Error:
                connection.close()
                raise
        if row is None or json.loads(row[0]) not in _SAME_SCORES:
            connection.close()
            raise RunError(f"the journal {place} is of another version of molvae; use that one")
        return cls(connection, place)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def add(self, found: Sequence[tuple[Evaluation, np.ndarray | None]]) -> None:
        """Keep scored molecules, each with the point that it was decoded from; all or none."""
        rows = [_row(candidate, z) for candidate, z in found]
        with self._transaction() as connection:
            connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def candidates(self) -> list[Evaluation]:
        """All scored molecules in the order of their calls."""
        with _told_as_run_error(self._place):
            rows = self._connection.execute(
                "SELECT call, smiles, score, measured, round, source FROM scores ORDER BY call"
            ).fetchall()
        return [_candidate(*row) for row in rows]

    def latents(self) -> dict[str, np.ndarray]:
        """The point that each molecule was first decoded from, by SMILES, where there was one."""
        with _told_as_run_error(self._place):
            rows = self._connection.execute(
                "SELECT smiles, point FROM scores WHERE point IS NOT NULL ORDER BY call"
            ).fetchall()
        return {smiles: np.frombuffer(z, dtype="<f4") for smiles, z in rows}

    def save_progress(self, counts: Mapping[str, int], state: State) -> None:
        """Replace what is known of where the search stands.

        Arrays of the very mapping that was saved last are taken to be unchanged.
        """
        with self._transaction() as connection:
            values = State(state.values).to_bytes()
            row = (json.dumps(dict(counts)), values)
            connection.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?)", row)
            if state.arrays is not self._arrays:
                arrays = State(arrays=state.arrays).to_bytes()
                connection.execute("INSERT OR REPLACE INTO arrays VALUES (1, ?)", (arrays,))
        self._arrays = state.arrays

    def progress(self) -> tuple[dict[str, int], State] | None:
        """What was saved last; None when no round was finished.

        Raises:
            RunError: the state is damaged.
        """
        with _told_as_run_error(self._place):
            row = self._connection.execute(
                "SELECT counts, progress.state, arrays.state FROM progress JOIN arrays USING (only)"
            ).fetchone()
        if row is None:
            return None
        values, arrays = (State.from_bytes(content) for content in row[1:])
        return json.loads(row[0]), State(values.values, arrays.arrays)

    def _begin(self, about: Mapping[str, JsonValue]) -> None:
        """Make the tables, or check that they are of the search that `about` describes."""
        with self._transaction() as connection:
            connection.execute(_TABLES[0])
            rows = connection.execute("SELECT key, value FROM about").fetchall()
            if not rows:
                for table in _TABLES[1:]:
                    connection.execute(table)
                new = [(key, json.dumps(value)) for key, value in about.items()]
                connection.executemany("INSERT INTO about VALUES (?, ?)", new)
        found = {key: json.loads(value) for key, value in rows}
        if found and found.get("format") != FORMAT:
            raise RunError(
                f"the journal {self._place} is of another version of molvae; go on with that one, "
                "or start a new run"
            )
        differences = _differences(found, dict(about)) if found else []
        if differences:
            raise RunError(
                f"the journal {self._place} belongs to another search: {'; '.join(differences)}; "
                "resume with the settings of then, or start a new run"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Statements that take effect together or not at all."""
        with _told_as_run_error(self._place):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.execute("COMMIT")


@contextmanager
def _told_as_run_error(place: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise RunError(f"another process writes to the journal {place} ({error})") from error
    except sqlite3.Error as error:
        raise RunError(
            f"the journal {place} cannot be used: {error}; if the disk is full, free some space "
            "and continue with `resume`"
        ) from error


def _row(candidate: Evaluation, z: np.ndarray | None) -> tuple[Any, ...]:
    measured = {
        "values": without_nan(candidate.values),
        "desirabilities": without_nan(candidate.desirabilities),
    }
    return (
        candidate.call,
        candidate.smiles,
        None if isnan(candidate.score) else candidate.score,
        json.dumps(measured, allow_nan=False),
        candidate.round,
        candidate.source,
        None if z is None else np.asarray(z, dtype="<f4").tobytes(),
    )


def _candidate(
    call: int, smiles: str, score: float | None, measured: str, found_in: int, source: str
) -> Evaluation:
    parts = json.loads(measured)
    return Evaluation(
        smiles=smiles,
        score=nan if score is None else score,
        values=with_nan(parts["values"]),
        desirabilities=with_nan(parts["desirabilities"]),
        call=call,
        round=found_in,
        source=source,
    )


def _differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Where two JSON values part, each as "place was x, now y"."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        inner = [(old.get(key), new.get(key), f"{place}.{key}".lstrip(".")) for key in keys]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        inner = [
            (*pair, f"{place} {number}")
            for number, pair in enumerate(zip(old, new, strict=True), start=1)
        ]
    else:
        # A mark says nothing to a reader.
        told = "the model was another one (`model`)" if place == "model" else None
        return [] if old == new else [told or f"{place} was {old!r}, now {new!r}"]
    return [difference for part in inner for difference in _differences(*part)]
