"""Files are written whole or not at all, and read with an error that names them."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import isnan, nan
from pathlib import Path
from typing import IO, Any

from molvae.errors import FileError


@contextmanager
def written_whole(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file to write to, which takes the name `path` only once the block has ended well.

    Text is UTF-8 with Unix line ends; what is no text, as in names of files, stands there escaped.
    Missing folders are made.

    Raises:
        FileError: the disk is full, the place cannot be written to, or `path` is a device or the
            like, which would be replaced; it is as it was.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    encoding, errors, newline = (
        (None, None, None) if "b" in mode else ("utf-8", "backslashreplace", "\n")
    )
    try:
        _check_plain(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open(mode, encoding=encoding, errors=errors, newline=newline) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as error:
        raise FileError(
            f"could not write {str(path)!r}: {error.strerror or error}; "
            "free some space or choose another place"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()


def check_writable(path: Path, ending: str | None = None) -> None:
    """See that a file can be written there, before the work on it begins.

    Args:
        path: the place.
        ending: of the name, where that tells what a file is; a name without any is let pass.

    Raises:
        FileError: a folder or a device has that name, its own folder cannot be made or written to,
            or the name has another ending.
    """
    if ending and path.suffix.lower() not in ("", ending):
        raise FileError(f"{str(path)!r}: this file is {ending}; give it a name that ends so")
    if path.is_dir():
        raise FileError(f"{str(path)!r} is a folder; give the name of a file")
    _check_plain(path)
    probe = path.with_name(f".{path.name}.probe")
    with written_whole(probe):
        pass
    probe.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file at once with `content`."""
    with written_whole(path, "wb") as stream:
        stream.write(content)


# Any: JSON values are of any kind.
def write_json(path: Path, value: Any) -> None:
    """Replace the file with `value` as indented JSON; NaN is not JSON and raises ValueError."""
    with written_whole(path) as stream:
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
    """The object in each line of a file that is still appended to; a line cut off is left out.

    Raises:
        FileError: there is no such file, or a line before the last is no JSON object.
    """
    try:
        *whole, _ = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise FileError(f"no file {str(path)!r}") from None
    except (ValueError, OSError) as error:
        raise FileError(f"{str(path)!r} is not readable: {error}") from None
    return [_json_object(line, f"line {n} of {str(path)!r}") for n, line in enumerate(whole, 1)]


def _check_plain(path: Path) -> None:
    """See that nothing has that name that is neither a file nor a folder, nor leads to such.

    Links in /dev, such as stdout, may lead to a file: they must not be replaced either.
    """
    is_plain = path.is_file() or path.is_dir() or not path.exists()
    if not is_plain or path.absolute().parent == Path("/dev"):
        raise FileError(f"{str(path)!r} is no plain file; give the name of a file")


# Any: JSON values are of any kind.
def _json_object(text: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{place} is not JSON ({error}); mend it, or take it out") from None
    if not isinstance(found, dict):
        raise FileError(f"{place} is no JSON object; mend it, or take it out")
    return found


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def without_nan(values: Mapping[str, float]) -> dict[str, float | None]:
    """Numbers as JSON has them, which knows no NaN: None in its place."""
    return {name: None if isnan(value) else value for name, value in values.items()}


def with_nan(values: Mapping[str, float | None]) -> dict[str, float]:
    """The numbers of which `without_nan` made these."""
    return {name: nan if value is None else value for name, value in values.items()}
