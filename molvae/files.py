"""Files are written whole or not at all, and read with an error that names them."""

import codecs
import csv
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from math import isnan, nan
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

from molvae.errors import FileError

STANDARD_STREAM = Path("-")
"""Standard input as a source, standard output as a file that is written."""

_PROBE_BYTES = 1 << 16
"""Room that must be free before a file is worked on: an empty file fits on a full disk."""
_DRAFT_NAME = re.compile(r"\..+\.[0-9a-f]{8}\.part")
_MIB = 1 << 20
_DIGITS = 10
"""Significant digits of numbers in text."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that move the cursor, change a terminal's colors or title, or reverse the text."""
# Some spreadsheets take the wide signs of Chinese and Japanese for the narrow ones.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SIGNED_NUMBER = re.compile(r"[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z|-inf\Z")


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file to write to, which gets the name `path` only when the block ends without an error.

    The path `-` is standard output, to which the block writes at once. Text is UTF-8 with Unix line
    ends; characters that UTF-8 cannot encode are escaped. Missing folders are created.

    Raises:
        FileError: the disk is full, the path is not writable, or `path` is a device or a pipe;
            an earlier file of that name is unchanged.
    """
    if path == STANDARD_STREAM:
        # Any: to typeshed, a writer of codecs is no text stream.
        stream: Any = sys.stdout
        stream.flush()
        if "b" in mode:
            stream = stream.buffer
        # What notebooks put in its place is written to in characters, without an encoding.
        elif hasattr(stream, "buffer"):
            # Not a TextIOWrapper, which would close standard output at its end.
            is_screen = stream.isatty()
            stream = codecs.getwriter("utf-8")(stream.buffer, "backslashreplace")
            stream = _Screen(stream) if is_screen else stream
        yield stream
        return
    with _write_draft(path, mode, lambda draft: draft.replace(path)) as stream:
        yield stream


@contextmanager
def _write_draft(path: Path, mode: str, finish: Callable[[Path], object]) -> Iterator[IO[Any]]:
    """A draft of the file, given to `finish` if the block ends without an error."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    encoding, errors, newline = (
        (None, None, None) if "b" in mode else ("utf-8", "backslashreplace", "\n")
    )
    try:
        _check_plain(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open(mode, encoding=encoding, errors=errors, newline=newline) as stream:
            yield stream
            flush_to_disk(stream)
        finish(draft)
    except OSError as error:
        raise FileError(
            f"could not write {str(path)!r}: {error.strerror or error}; "
            "free some space or choose another place"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()


@runtime_checkable
class TextStream(Protocol):
    """A file or standard output, opened for text."""

    def write(self, text: str, /) -> object:
        """Write the text."""


class _Screen:
    """A terminal to write text to, which what the text holds must not control."""

    def __init__(self, stream: TextStream) -> None:
        self._stream = stream

    def write(self, text: str, /) -> object:
        return self._stream.write(escape_control_characters(text))


def escape_control_characters(text: str) -> str:
    """The text as a terminal may show it, without control characters but tabs and line breaks."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def format_cell(cell: object) -> str:
    """The text of a cell; empty for NaN.

    Numbers have ten significant digits, which drops the rounding errors of binary fractions.
    """
    if not isinstance(cell, float):
        return str(cell)
    return "" if isnan(cell) else str(float(f"{cell:.{_DIGITS}g}"))


class TableWriter:
    """Writes rows of delimited text in which no spreadsheet finds a formula.

    An apostrophe is put before a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break
    and is no number, because a spreadsheet would run it.
    """

    def __init__(self, stream: TextStream, delimiter: str = ",") -> None:
        self._writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")

    def write_row(self, cells: Iterable[object]) -> None:
        """Write a row, with cells as `format_cell` writes them."""
        self._writer.writerow([defuse_formula(format_cell(cell)) for cell in cells])


def defuse_formula(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a formula."""
    if not cell.startswith(_FORMULA_SIGNS) or _SIGNED_NUMBER.match(cell):
        return cell
    return f"'{cell}"


def check_writable(path: Path, ending: str | None = None) -> None:
    """Check, before the work on a file begins, that it can be written.

    Args:
        path: the file; `-` passes, as standard output.
        ending: the suffix that the file must have; a name without a suffix passes.

    Raises:
        FileError: a folder or a device has that name, its folder cannot be created or written to,
            the disk is full, or the name has another suffix.
    """
    if path == STANDARD_STREAM:
        return
    if ending and path.suffix.lower() not in ("", ending):
        raise FileError(f"{str(path)!r}: expected a name that ends in {ending}")
    if path.is_dir():
        raise FileError(f"{str(path)!r} is a folder; give the name of a file")
    _check_plain(path)
    with _write_draft(path, "wb", Path.unlink) as stream:
        # Random, so that a file system that compresses cannot make room for it.
        stream.write(os.urandom(_PROBE_BYTES))


def check_room(folder: Path, n_bytes: int) -> None:
    """Check that a folder's disk has room for files of `n_bytes` in all.

    Raises:
        FileError: it has less.
    """
    with suppress(OSError):
        free = shutil.disk_usage(folder).free
        if free < n_bytes:
            raise FileError(
                f"{str(folder)!r} needs {n_bytes / _MIB:.0f} MiB, and {free / _MIB:.0f} MiB are "
                "free; free some space or choose another place"
            )


def write_or_rescue(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write` with `path`; if that fails, write to the folder for temporary files instead.

    Raises:
        FileError: `path` could not be written; the message names the file that was written instead.
    """
    try:
        write(path)
    except FileError as error:
        rescued = Path(tempfile.mkdtemp(prefix="molvae-")) / path.name
        try:
            write(rescued)
        except FileError:
            rescued.parent.rmdir()
            raise error from None
        raise FileError(f"{error}; the results are in {str(rescued)!r}") from None


def remove_drafts(folder: Path) -> None:
    """Remove the drafts that killed processes left; no other process may be writing here."""
    for path in folder.iterdir():
        if not is_draft(path):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def is_draft(path: Path) -> bool:
    """Whether the name is that of a file or model folder whose writing has not finished."""
    return _DRAFT_NAME.fullmatch(path.name) is not None


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file with `content`."""
    with atomic_write(path, "wb") as stream:
        stream.write(content)


# Any: JSON values are of any kind.
def write_json(path: Path, value: Any) -> None:
    """Replace the file with `value` as indented JSON; NaN is not JSON and raises ValueError."""
    with atomic_write(path) as stream:
        json.dump(value, stream, indent=2, ensure_ascii=False, allow_nan=False)
        stream.write("\n")


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        FileError: there is no such file, or it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError(f"no file {str(path)!r}") from None
    except (ValueError, RecursionError, OSError) as error:
        raise FileError(f"{str(path)!r} is not readable JSON: {error}") from None


# Any: JSON values are of any kind.
def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The object on each line of a file that may still be appended to.

    A last line without its end is ignored.

    Raises:
        FileError: there is no such file, or a complete line is not a JSON object.
    """
    try:
        *complete, _ = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise FileError(f"no file {str(path)!r}") from None
    except (ValueError, OSError) as error:
        raise FileError(f"{str(path)!r} is not readable: {error}") from None
    return [_json_object(line, f"line {n} of {str(path)!r}") for n, line in enumerate(complete, 1)]


def _check_plain(path: Path) -> None:
    """Refuse a device, a pipe, or a link to either.

    Links in /dev, such as stdout, may lead to a file: they must not be replaced either.
    """
    is_plain = path.is_file() or path.is_dir() or not path.exists()
    if not is_plain or path.absolute().parent == Path("/dev"):
        raise FileError(f"{str(path)!r} is not a regular file; give the name of a file")


# Any: JSON values are of any kind.
def _json_object(text: str, source: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{source} is not JSON ({error}); correct or remove the line") from None
    if not isinstance(value, dict):
        raise FileError(f"{source} is not a JSON object; correct or remove the line")
    return value


# Any: the stream is of bytes or of text.
def flush_to_disk(stream: IO[Any]) -> None:
    """Write what is buffered, and wait until it is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def names_file(text: str) -> bool:
    """Whether a text is the path of a file; False also for a text too long to be a path."""
    try:
        return Path(text).is_file()
    except OSError:
        return False


def file_stamp(path: Path) -> tuple[int, int]:
    """Modification time and size, which tell a changed file; zeros if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def without_nan(values: Mapping[str, float]) -> dict[str, float | None]:
    """The numbers with None for NaN, which JSON does not have."""
    return {name: None if isnan(value) else value for name, value in values.items()}


def with_nan(values: Mapping[str, float | None]) -> dict[str, float]:
    """The numbers with NaN for None: the inverse of `without_nan`."""
    return {name: nan if value is None else value for name, value in values.items()}
