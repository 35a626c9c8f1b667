"""Journal: every score that was paid for, on disk in SQLite before more are asked for."""

import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import copy
from types import TracebackType
from typing import Any

import numpy as np
from pydantic import JsonValue

from molvae.errors import RunError
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.sqlite_file import (
    DamagedRowError,
    SqliteFile,
    check_digest,
    load_figures,
    row_digest,
    store_figures,
)
from molvae.optimize.state import State

FORMAT = 5
_WITHOUT_DIGESTS = (3, 4)
"""Formats whose scores can still be read, though not be checked."""
_TIMEOUT_SECONDS = 10.0

_TABLES = (
    "CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # No score is NULL: SQLite keeps no NaN. A latent vector is little-endian float32.
    "CREATE TABLE IF NOT EXISTS scores (call INTEGER PRIMARY KEY, smiles TEXT NOT NULL UNIQUE, "
    "score REAL, measured TEXT NOT NULL, round INTEGER NOT NULL, source TEXT NOT NULL, "
    "unanswered INTEGER NOT NULL, latent BLOB, digest BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS progress (only INTEGER PRIMARY KEY CHECK (only = 1), "
    "counts TEXT NOT NULL, state BLOB NOT NULL, digest BLOB NOT NULL)",
    # Arrays of the same state, apart: they are large, and do not change each round.
    "CREATE TABLE IF NOT EXISTS arrays "
    "(only INTEGER PRIMARY KEY CHECK (only = 1), state BLOB NOT NULL, digest BLOB NOT NULL)",
)
_COLUMNS = "call, smiles, score, measured, round, source"


class Journal:
    """The scores of a search and its progress; everything added survives `kill -9`."""

    def __init__(self, file: SqliteFile, cleanup: ExitStack | None = None) -> None:
        self._file = file
        self._cleanup = cleanup or ExitStack()
        self._format = FORMAT
        self._saved_version: int | None = None
        """Version of the arrays that were saved last."""

    @classmethod
    def open(cls, path: Path | None, about: Mapping[str, JsonValue]) -> "Journal":
        """The journal at `path`, created if there is none; None keeps it in memory.

        Raises:
            RunError: the file is no journal, or belongs to a search that `about` does not describe.
        """
        name = repr(str(path)) if path else "in memory"
        file = SqliteFile.open(path, _error_of(name), _TIMEOUT_SECONDS)
        try:
            file.make_durable()
            _prepare(file, {"format": FORMAT, **about}, name)
        except RunError:
            file.connection.close()
            raise
        return cls(file)

    @classmethod
    def read_only(cls, path: Path) -> "Journal":
        """The journal at `path` for reading, which changes no file; a search may still write to it.

        Raises:
            RunError: there is no journal, or it has a format that this version does not read.
        """
        name = repr(str(path))
        cleanup = ExitStack()
        try:
            file = _open_for_reading(path, _error_of(name), cleanup)
            with file.errors() as connection:
                row = connection.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
                number = None if row is None else json.loads(row[0])
            if number not in (*_WITHOUT_DIGESTS, FORMAT):
                raise RunError(f"the journal {name} is of another version of molvae; use that one")
        except RunError:
            cleanup.close()
            raise
        journal = cls(file, cleanup)
        journal._format = number
        return journal

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.connection.close()
        self._cleanup.close()

    def add(self, evaluations: Sequence[tuple[Evaluation, np.ndarray | None]]) -> None:
        """Store evaluations, each with the latent vector it was decoded from; all or none."""
        rows = [_row(evaluation, z) for evaluation, z in evaluations]
        with self._file.transaction() as connection:
            connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def update(self, evaluations: Sequence[Evaluation]) -> None:
        """Replace the scores of molecules that no scorer had answered for; all or none."""
        latents = self.latents()
        rows = [_row(evaluation, latents.get(evaluation.smiles)) for evaluation in evaluations]
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    def evaluations(self) -> list[Evaluation]:
        """All scored molecules in the order of their calls.

        Raises:
            RunError: a row is damaged.
        """
        has_digests = self._format == FORMAT
        further = ", unanswered, latent, digest" if has_digests else ""
        with self._file.errors() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS}{further} FROM scores ORDER BY call"
            ).fetchall()
            evaluations = [_evaluation(*row) for row in rows]
            if has_digests and [row[0] for row in rows] != list(range(1, len(rows) + 1)):
                raise DamagedRowError("rows are missing")
            return evaluations

    def latents(self) -> dict[str, np.ndarray]:
        """Latent vector that each molecule was first decoded from, by SMILES."""
        with self._file.errors() as connection:
            rows = connection.execute(
                "SELECT smiles, latent FROM scores WHERE latent IS NOT NULL ORDER BY call"
            ).fetchall()
            return {smiles: np.frombuffer(z, dtype="<f4") for smiles, z in rows}

    def save_progress(self, counts: Mapping[str, int], state: State) -> None:
        """Replace the saved progress; arrays of the version saved last are not written again."""
        row = (json.dumps(dict(counts)), State(state.values).to_bytes())
        is_saved = state.version is not None and state.version == self._saved_version
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)", (*row, row_digest(*row))
            )
            if not is_saved:
                arrays = State(arrays=state.arrays).to_bytes()
                connection.execute(
                    "INSERT OR REPLACE INTO arrays VALUES (1, ?, ?)", (arrays, row_digest(arrays))
                )
        self._saved_version = state.version

    def progress(self) -> tuple[dict[str, int], State] | None:
        """The progress saved last; None before the end of the first round.

        Raises:
            RunError: it is damaged.
        """
        with self._file.errors() as connection:
            row = connection.execute(
                "SELECT counts, progress.state, progress.digest, arrays.state, arrays.digest "
                "FROM progress JOIN arrays USING (only)"
            ).fetchone()
            if row is None:
                # Both tables are written in one transaction.
                (n_rows,) = connection.execute(
                    "SELECT (SELECT count(*) FROM progress) + (SELECT count(*) FROM arrays)"
                ).fetchone()
                if n_rows:
                    raise DamagedRowError("a part of the progress is missing")
                return None
            counts, values, digest, arrays, arrays_digest = row
            check_digest(digest, counts, values)
            check_digest(arrays_digest, arrays)
            state = State(State.from_bytes(values).values, State.from_bytes(arrays).arrays)
            return json.loads(counts), state


def _error_of(name: str) -> Callable[[Exception], RunError]:
    """The error to raise for a problem with the journal of that name."""

    def as_error(error: Exception) -> RunError:
        if isinstance(error, sqlite3.IntegrityError):
            return RunError(f"another process writes to the journal {name} ({error})")
        if isinstance(error, sqlite3.OperationalError):
            return RunError(
                f"the journal {name} cannot be used: {error}; if the disk is full, free some space "
                "and continue with `resume`"
            )
        return RunError(
            f"the journal {name} cannot be used: {error}; bring back a copy of it, or start a new "
            "run"
        )

    return as_error


def _prepare(file: SqliteFile, about: Mapping[str, JsonValue], name: str) -> None:
    """Create the tables, or check that they belong to the search that `about` describes."""
    with file.transaction() as connection:
        connection.execute(_TABLES[0])
        rows = connection.execute("SELECT key, value FROM about").fetchall()
        if not rows:
            for table in _TABLES[1:]:
                connection.execute(table)
            new = [(key, json.dumps(value)) for key, value in about.items()]
            connection.executemany("INSERT INTO about VALUES (?, ?)", new)
        earlier = {key: json.loads(value) for key, value in rows}
    if earlier and earlier.get("format") != FORMAT:
        raise RunError(
            f"the journal {name} is of another version of molvae; continue with that version, or "
            "start a new run"
        )
    differences = _differences(earlier, dict(about)) if earlier else []
    if differences:
        raise RunError(
            f"the journal {name} belongs to another search: {'; '.join(differences)}; resume with "
            "the earlier settings, or start a new run"
        )


def _open_for_reading(
    path: Path, as_error: Callable[[Exception], RunError], cleanup: ExitStack
) -> SqliteFile:
    """A read-only connection; on a read-only medium, to a copy where a killed search left a log."""
    try:
        connection = _connect(path, "mode=ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            log = path.with_name(f"{path.name}-wal")
            if log.is_file() and log.stat().st_size:
                folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
                for source in (path, log):
                    copy(source, folder / source.name)
                connection = _connect(folder / path.name, "mode=rw")
            else:
                connection = _connect(path, "mode=ro&immutable=1")
    except (sqlite3.Error, OSError) as error:
        raise as_error(error) from error
    cleanup.callback(connection.close)
    return SqliteFile(connection, as_error)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.resolve().as_uri()}?{mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=_TIMEOUT_SECONDS)


# Any: as SQLite stores them.
def _row(evaluation: Evaluation, z: np.ndarray | None) -> tuple[Any, ...]:
    values = (
        evaluation.call,
        evaluation.smiles,
        *store_figures(evaluation.score, evaluation.values, evaluation.desirabilities),
        evaluation.round,
        str(evaluation.source),
        int(evaluation.is_unanswered),
        None if z is None else np.asarray(z, dtype="<f4").tobytes(),
    )
    return (*values, row_digest(*values))


# Any: as SQLite returns them.
def _evaluation(*row: Any) -> Evaluation:
    if len(row) > len(_COLUMNS.split(", ")):
        check_digest(row[-1], *row[:-1])
    call, smiles, score, measured, number, source, *further = row
    return Evaluation(
        smiles,
        *load_figures(score, measured),
        call=call,
        round=number,
        source=source,
        is_unanswered=bool(further and further[0]),
    )


# Any: JSON values.
def _differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, as "path was x, now y"."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        inner = [(old.get(key), new.get(key), f"{path}.{key}".lstrip(".")) for key in keys]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        inner = [
            (*pair, f"{path} {number}")
            for number, pair in enumerate(zip(old, new, strict=True), start=1)
        ]
    else:
        # A digest tells a reader nothing.
        text = "the model was another one (`model`)" if path == "model" else None
        return [] if old == new else [text or f"{path} was {old!r}, now {new!r}"]
    return [difference for triple in inner for difference in _differences(*triple)]
