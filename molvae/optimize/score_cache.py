"""ScoreCache: scores that searches have paid for, in one SQLite file that they share."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from pydantic import JsonValue

from molvae.errors import FileError
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.sqlite_file import (
    SqliteFile,
    check_digest,
    load_figures,
    row_digest,
    store_figures,
)

FORMAT = 2
_APPLICATION_ID = 0x6D76_7363
"""`mvsc`, in the header field where SQLite keeps the number of the program that owns a file."""
_TIMEOUT_SECONDS = 60.0
_ROWS_AT_ONCE = 500
"""SQLite accepts at least 999 parameters in a statement."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS scores (objective BLOB NOT NULL, smiles TEXT NOT NULL, score REAL, "
    "measured TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (objective, smiles)) WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)


class ScoreCache:
    """Scores by objective and canonical SMILES, shared by any number of runs at once.

    An objective is identified by its whole description. Any number of processes on one machine may
    read and write the file; the first to score a molecule sets its score. Scores are on disk when
    `add` returns.
    """

    def __init__(self, file: SqliteFile, objective: bytes) -> None:
        self._file = file
        self._objective = objective

    @classmethod
    def open(cls, path: Path, description: Mapping[str, JsonValue]) -> "ScoreCache":
        """The scores of the objective with this description; creates the file if there is none.

        Raises:
            FileError: the file is damaged, no cache, or not writable.
        """
        name = repr(str(path))
        if path.is_dir():
            raise FileError(f"{name} is a folder; expected a file of scores, or a new name")

        def as_error(error: Exception) -> FileError:
            return FileError(
                f"the score cache {name} cannot be used: {error}; if it is damaged, remove it: the "
                "journals of the runs hold their scores"
            )

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise as_error(error) from error
        file = SqliteFile.open(path, as_error, _TIMEOUT_SECONDS)
        try:
            _prepare(file, name)
        except FileError:
            file.connection.close()
            raise
        identity = json.dumps(dict(description), sort_keys=True)
        return cls(file, sha256(identity.encode()).digest())

    def __enter__(self) -> "ScoreCache":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.connection.close()

    def find(self, smiles: Sequence[str]) -> dict[str, Evaluation]:
        """Known scores of these molecules, by SMILES; their call number is 0.

        Raises:
            FileError: a row is damaged.
        """
        known: dict[str, Evaluation] = {}
        for start in range(0, len(smiles), _ROWS_AT_ONCE):
            names = smiles[start : start + _ROWS_AT_ONCE]
            marks = ",".join("?" * len(names))
            with self._file.errors() as connection:
                rows = connection.execute(
                    f"SELECT smiles, score, measured, digest FROM scores "
                    f"WHERE objective = ? AND smiles IN ({marks})",
                    (self._objective, *names),
                ).fetchall()
                for name, score, measured, digest in rows:
                    check_digest(digest, self._objective, name, score, measured)
                    known[name] = Evaluation(name, *load_figures(score, measured))
        return known

    def add(self, evaluations: Iterable[Evaluation]) -> None:
        """Store scores, all or none; a score that is known already stays as it is."""
        rows = []
        for evaluation in evaluations:
            figures = store_figures(evaluation.score, evaluation.values, evaluation.desirabilities)
            row = (self._objective, evaluation.smiles, *figures)
            rows.append((*row, row_digest(*row)))
        with self._file.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?, ?)", rows)


def _prepare(file: SqliteFile, name: str) -> None:
    """Create the table, or check that the file is a cache of this format."""
    is_new = _is_new(file, name)
    file.make_durable()
    # Writing the format number again reports a read-only file at once.
    statements = _TABLES if is_new else _TABLES[-1:]
    with file.transaction() as connection:
        for statement in statements:
            connection.execute(statement)


def _is_new(file: SqliteFile, name: str) -> bool:
    # One transaction, or another process could create the file between two of the questions.
    with file.errors() as connection:
        connection.execute("BEGIN")
        tables, application, version = (
            connection.execute(question).fetchone()[0]
            for question in (
                "SELECT count(*) FROM sqlite_master",
                "PRAGMA application_id",
                "PRAGMA user_version",
            )
        )
        connection.execute("COMMIT")
    if application != _APPLICATION_ID:
        if application or tables:
            raise FileError(
                f"{name} is an SQLite file of another kind; choose another file for `cache`"
            )
        return True
    if version != FORMAT:
        raise FileError(
            f"the score cache {name} has format {version}, this molvae reads {FORMAT}; "
            "choose another file for `cache`"
        )
    return False
