"""Cleaned rows on disk, shard by shard, so that an interrupted preparation can be continued.

manifest.jsonl   a first line with what is cleaned and how, then a line per finished shard
000000.shard     chunks of cleaned rows, each after its length in 8 bytes

A shard holds consecutive rows of one file. It counts once the manifest lists it with its digest.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from molvae.dataset.cleaned_rows import CleanedRows
from molvae.dataset.store import store_error
from molvae.errors import DataError, FileError
from molvae.files import read_json_lines, sha256

SHARD_ROWS = 50_000
"""Rows of a shard: the work that an interruption costs at most, about a minute of one core."""

_MANIFEST = "manifest.jsonl"
_LOCK = "lock"
_FORMAT = 1
_SIZE_BYTES = 8

_log = logging.getLogger("molvae")


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished shard, as the manifest lists it."""

    file: str
    sha256: str
    table: int
    """Index of the file that the rows are of."""
    rows: int
    accepted: int


class Shards:
    """The finished shards of a preparation, in the order of the rows."""

    # Any: JSON values.
    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        """Take over the finished shards in a folder if they are of the same preparation.

        Args:
            folder: where the shards are.
            about: everything that decides what they hold.
        """
        self._folder = folder
        header = json.loads(json.dumps({"format": _FORMAT, **about}))
        self.finished: list[Shard] = []
        try:
            stored, *lines = read_json_lines(folder / _MANIFEST)
            shards = [Shard(**line) for line in lines] if stored == header else []
        except (FileError, TypeError, ValueError):
            shards = []
        for shard in shards:
            path = folder / shard.file
            if not path.is_file() or sha256(path) != shard.sha256:
                break
            self.finished.append(shard)
        text = [json.dumps(line) for line in (header, *map(asdict, self.finished))]
        draft = folder / f"{_MANIFEST}.part"
        draft.write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        draft.replace(folder / _MANIFEST)

    @property
    def rows_done(self) -> tuple[int, ...]:
        """Finished rows of each file up to the last that has any."""
        done = [0] * (self.finished[-1].table + 1 if self.finished else 0)
        for shard in self.finished:
            done[shard.table] += shard.rows
        return tuple(done)

    def write(self, chunks: Iterable[tuple[int, CleanedRows]], shard_rows: int) -> None:
        """Write further chunks, each with the index of its file, as shards of about this size."""
        for table, group in groupby(chunks, key=lambda item: item[0]):
            rest = (rows for _, rows in group)
            while shard := self._write_shard(table, rest, shard_rows):
                self.finished.append(shard)
                with (self._folder / _MANIFEST).open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(asdict(shard)) + "\n")

    def read(self, shard: Shard) -> Iterator[CleanedRows]:
        """The chunks of a finished shard.

        Raises:
            DataError: the file was cut off after it was finished.
        """
        with (self._folder / shard.file).open("rb") as stream:
            while size := stream.read(_SIZE_BYTES):
                content = stream.read(int.from_bytes(size, "little"))
                try:
                    yield CleanedRows.from_bytes(content)
                except (SafetensorError, ValueError, KeyError, TypeError) as error:
                    raise DataError(
                        f"{str(self._folder / shard.file)!r} is damaged; run again"
                    ) from error

    def _write_shard(
        self, table: int, chunks: Iterator[CleanedRows], shard_rows: int
    ) -> Shard | None:
        """The next shard of a file; None where the file has no more rows."""
        first_chunk = next(chunks, None)
        if first_chunk is None:
            return None
        path = self._folder / f"{len(self.finished):06}.shard"
        digest, rows, accepted = hashlib.sha256(), 0, 0
        with path.open("wb") as stream:
            for chunk in chain([first_chunk], chunks):
                content = chunk.to_bytes()
                for block in (len(content).to_bytes(_SIZE_BYTES, "little"), content):
                    stream.write(block)
                    digest.update(block)
                rows += chunk.rows
                accepted += len(chunk.lines)
                if rows >= shard_rows:
                    break
        return Shard(path.name, digest.hexdigest(), table, rows, accepted)


@contextmanager
def shard_folder(folder: Path) -> Iterator[Path]:
    """A folder for shards that one process at a time works in.

    It is removed with the block unless it was interrupted: what an error of the data leaves is of
    no use, and so is a folder without a finished shard.

    Raises:
        FileError: the folder cannot be made.
    """
    try:
        lock = _lock(folder)
    except OSError as error:
        raise store_error(folder, error) from error
    try:
        yield folder
    except DataError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException:
        manifest = folder / _MANIFEST
        if not manifest.exists() or len(read_json_lines(manifest)) < 2:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()
        with suppress(OSError):
            # Removes an empty folder only.
            folder.parent.rmdir()


def _lock(folder: Path) -> FileLock:
    """Make the folder, and wait until no other process works in it."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        try:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                _log.warning("another process prepares the same data; waiting until it has ended")
                lock.acquire()
        # The other process removes the folder when it has ended.
        except FileNotFoundError:
            continue
        # The file system has no locks.
        except NotImplementedError:
            return lock
        if (folder / _LOCK).exists():
            return lock
        lock.release()
