"""SQLite file: transactions, errors of this package, and a digest for each row.

SQLite has no checksums of its own, so a flipped bit in a row would be believed.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from math import isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Any

from molvae.errors import MolvaeError
from molvae.files import with_nan, without_nan

_DIGEST_BYTES = 16


class DamagedRowError(ValueError):
    """A row holds something else than was written."""


class SqliteFile:
    """A connection whose errors are raised as errors of this package.

    Args:
        connection: an open connection in autocommit mode.
        as_error: the error to raise for a problem with the file.
    """

    def __init__(
        self, connection: sqlite3.Connection, as_error: Callable[[Exception], MolvaeError]
    ) -> None:
        self.connection = connection
        self._as_error = as_error

    @classmethod
    def open(
        cls, path: Path | None, as_error: Callable[[Exception], MolvaeError], timeout: float
    ) -> "SqliteFile":
        """The database at `path`, created if there is none; None keeps it in memory."""
        try:
            connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=timeout)
        except sqlite3.Error as error:
            raise as_error(error) from error
        return cls(connection, as_error)

    def __enter__(self) -> "SqliteFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    @contextmanager
    def errors(self) -> Iterator[sqlite3.Connection]:
        """Raise what is wrong with the file, or with a row of it, as errors of this package."""
        # Damaged rows hold anything: other types, no JSON, JSON of another shape, no UTF-8.
        try:
            yield self.connection
        except (sqlite3.Error, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._as_error(error) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Statements that take effect together or not at all."""
        with self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.rollback()
                raise
            self.connection.execute("COMMIT")

    def make_durable(self) -> None:
        """Let every commit survive `kill -9` and a power cut."""
        with self.errors():
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")


# Any: values as SQLite stores them.
def row_digest(*values: Any) -> bytes:
    """Digest of a row, to be stored in its last column."""
    text = "\n".join(f"{type(value).__name__} {value!r}" for value in values)
    return sha256(text.encode()).digest()[:_DIGEST_BYTES]


# Any: values as SQLite returns them.
def check_digest(digest: Any, *values: Any) -> None:
    """Compare a row with its digest.

    Raises:
        DamagedRowError: they do not belong together.
    """
    if digest != row_digest(*values):
        raise DamagedRowError(f"a row is damaged: its digest does not match {str(values)[:80]}")


Figures = tuple[float, Mapping[str, float], Mapping[str, float]]
"""Score, measured values and desirabilities; NaN where there is none."""


def store_figures(
    score: float, values: Mapping[str, float], desirabilities: Mapping[str, float]
) -> tuple[float | None, str]:
    """The score, and JSON of the rest; NULL and null stand for NaN, which neither can store."""
    rest = {"values": without_nan(values), "desirabilities": without_nan(desirabilities)}
    return None if isnan(score) else float(score), json.dumps(rest, allow_nan=False)


# Any: as SQLite returns them.
def load_figures(score: Any, measured: Any) -> Figures:
    """The figures that `store_figures` turned into these columns.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: they were damaged.
    """
    rest = json.loads(measured)
    return (
        nan if score is None else float(score),
        with_nan(rest["values"]),
        with_nan(rest["desirabilities"]),
    )
