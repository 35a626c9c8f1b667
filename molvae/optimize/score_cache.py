"""ScoreCache: scores that some search has paid for, in one SQLite file for all who want them."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from math import isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import JsonValue

from molvae.errors import FileError
from molvae.files import with_nan, without_nan

FORMAT = 1
_MARK = 0x6D76_7363
"""`mvsc`, where SQLite keeps the number of the program that a file belongs to."""
_PATIENCE_SECONDS = 60.0
_ROWS_AT_ONCE = 500
"""SQLite takes at least 999 question marks in a statement."""

_TABLES = (
    # As in a journal: no score is NULL, and the measured values are JSON.
    "CREATE TABLE IF NOT EXISTS scores (objective BLOB NOT NULL, smiles TEXT NOT NULL, score REAL, "
    "measured TEXT NOT NULL, PRIMARY KEY (objective, smiles)) WITHOUT ROWID",
    f"PRAGMA application_id = {_MARK}",
    f"PRAGMA user_version = {FORMAT}",
)


@dataclass(frozen=True)
class Scored:
    """What an objective says of one molecule; NaN as in `Scores`."""

    score: float
    values: Mapping[str, float]
    desirabilities: Mapping[str, float]


class ScoreCache:
    """Scores by objective and canonical SMILES, shared by any number of runs at once.

    An objective is known by all of its description. The file may be read and written by many
    processes of one machine; whoever scores a molecule first sets its score. What is added is on
    disk, `kill -9` or not, when `add` returns.
    """

    def __init__(self, connection: sqlite3.Connection, place: str, objective: bytes) -> None:
        self._connection = connection
        self._place = place
        self._objective = objective

    @classmethod
    def open(cls, path: Path, description: Mapping[str, JsonValue]) -> "ScoreCache":
        """The scores of the objective so described, in a file that is begun when there is none.

        Raises:
            FileError: it is damaged, no cache, or cannot be written to.
        """
        place = repr(str(path))
        if path.is_dir():
            raise FileError(f"{place} is a folder; expected a file of scores, or a new name")
        with _told_as_file_error(place):
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_SECONDS)
        try:
            _begin(connection, place)
        except FileError:
            connection.close()
            raise
        identity = json.dumps(dict(description), sort_keys=True)
        return cls(connection, place, sha256(identity.encode()).digest())

    def __enter__(self) -> "ScoreCache":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def find(self, smiles: Sequence[str]) -> dict[str, Scored]:
        """What is known of these molecules, by SMILES."""
        found: dict[str, Scored] = {}
        for start in range(0, len(smiles), _ROWS_AT_ONCE):
            part = smiles[start : start + _ROWS_AT_ONCE]
            marks = ",".join("?" * len(part))
            with _told_as_file_error(self._place):
                rows = self._connection.execute(
                    f"SELECT smiles, score, measured FROM scores "
                    f"WHERE objective = ? AND smiles IN ({marks})",
                    (self._objective, *part),
                ).fetchall()
                found.update((one, _scored(*rest)) for one, *rest in rows)
        return found

    def add(self, found: Mapping[str, Scored]) -> None:
        """Keep scores, by SMILES, all or none; those that are known already stay as they are."""
        rows = [(self._objective, smiles, *_row(one)) for smiles, one in found.items()]
        with _transaction(self._connection, self._place):
            self._connection.executemany("INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?)", rows)


def _begin(connection: sqlite3.Connection, place: str) -> None:
    """Make the table, or see that the file is a cache of this format."""
    is_new = _is_new(connection, place)
    with _told_as_file_error(place):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    # The number of the format is written again: a file that cannot be written to is told at once.
    statements = _TABLES if is_new else _TABLES[-1:]
    with _transaction(connection, place):
        for statement in statements:
            connection.execute(statement)


def _is_new(connection: sqlite3.Connection, place: str) -> bool:
    # One transaction, or another process could begin the file between two of the questions.
    with _told_as_file_error(place):
        connection.execute("BEGIN")
        tables, mark, version = (
            connection.execute(question).fetchone()[0]
            for question in (
                "SELECT count(*) FROM sqlite_master",
                "PRAGMA application_id",
                "PRAGMA user_version",
            )
        )
        connection.execute("COMMIT")
    if mark != _MARK:
        if mark or tables:
            raise FileError(
                f"{place} is an SQLite file of another kind; choose another file for `cache`"
            )
        return True
    if version != FORMAT:
        raise FileError(
            f"the score cache {place} has format {version}, this molvae reads {FORMAT}; "
            "choose another file for `cache`"
        )
    return False


@contextmanager
def _transaction(connection: sqlite3.Connection, place: str) -> Iterator[None]:
    """Statements that take effect together or not at all."""
    with _told_as_file_error(place):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.execute("COMMIT")


@contextmanager
def _told_as_file_error(place: str) -> Iterator[None]:
    # ValueError and KeyError: what a damaged row holds is no JSON, or of another shape.
    try:
        yield
    except (sqlite3.Error, ValueError, KeyError) as error:
        raise FileError(
            f"the score cache {place} cannot be used: {error}; if it is damaged, remove it: the "
            "journals of the runs hold their scores"
        ) from error


def _row(one: Scored) -> tuple[float | None, str]:
    measured = {
        "values": without_nan(one.values),
        "desirabilities": without_nan(one.desirabilities),
    }
    score = None if isnan(one.score) else one.score
    return score, json.dumps(measured, allow_nan=False)


def _scored(score: float | None, measured: str) -> Scored:
    parts: dict[str, Any] = json.loads(measured)
    return Scored(
        score=nan if score is None else float(score),
        values=with_nan(parts["values"]),
        desirabilities=with_nan(parts["desirabilities"]),
    )
