"""What public data sets need to come here: files of known content from addresses that may break."""

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from tqdm import tqdm

from molvae.errors import FileError
from molvae.files import sha256

_BLOCK = 1 << 18
_TRIES = 5
_TIMEOUT_SECONDS = 30
_MD5_DIGITS = 32
"""Hexadecimal digits of an MD5 checksum; those of SHA-256 are twice as many."""


@dataclass(frozen=True)
class SourceFile:
    """A file that a data set is made of: its name, its address, and its SHA-256 or MD5."""

    name: str
    url: str
    checksum: str

    def check(self, path: Path) -> None:
        """See that what lies at `path` is this file.

        Raises:
            FileError: it is another one.
        """
        digest = _digest(path, self.checksum)
        if digest != self.checksum:
            kind = "MD5" if len(self.checksum) == _MD5_DIGITS else "SHA-256"
            raise FileError(
                f"{str(path)!r} is not {self.name}: its {kind} is {digest}, "
                f"expected {self.checksum}; fetch it again"
            )


def download(
    file: SourceFile, folder: Path, otherwise: Callable[[Path, str], None], *, progress: bool
) -> Path:
    """The file, as NAME.part in `folder`: what an earlier try left, completed from its address.

    Args:
        file: what to bring.
        folder: is made where it is missing.
        otherwise: called when the address does not give the file, with the path and the reason; it
            puts the file there, or raises.
        progress: whether to show a bar.

    Raises:
        FileError: another file came, or the folder cannot be written to.
    """
    make_folder(folder)
    part = folder / f"{file.name}.part"
    if part.is_file() and _digest(part, file.checksum) == file.checksum:
        return part
    try:
        failure = _fetch(file, part, progress=progress)
        if failure:
            otherwise(part, failure)
    except OSError as error:
        raise FileError(
            f"could not write {str(part)!r}: {error.strerror or error}; "
            "free some space or choose another place"
        ) from error
    try:
        file.check(part)
    except FileError:
        part.unlink()
        raise
    return part


def fetch_text(url: str) -> str:
    """The text at an address.

    Raises:
        FileError: the address does not answer.
    """
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
            content: bytes = response.read()
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise FileError(f"could not fetch {url} ({reason}); try again") from None
    return content.decode("utf-8", errors="replace")


def missing_tables(
    files: Mapping[str, Path], checksums: Mapping[str, str], title: str
) -> dict[str, Path]:
    """Those of the tables' files that are not there yet.

    Raises:
        FileError: a file of that name holds something else than the data set called `title`.
    """
    return {
        table: file for table, file in files.items() if not _is_there(file, checksums[table], title)
    }


def make_folder(folder: Path) -> None:
    """See that the folder exists.

    Raises:
        FileError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"could not make the folder {str(folder)!r}: {error.strerror or error}; "
            "choose another place"
        ) from error


def _digest(path: Path, checksum: str) -> str:
    """The digest of a file by the algorithm of a checksum."""
    if len(checksum) != _MD5_DIGITS:
        return sha256(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _is_there(file: Path, checksum: str, title: str) -> bool:
    if not file.exists():
        return False
    if not file.is_file() or sha256(file) != checksum:
        raise FileError(f"{str(file)!r} exists and is not that of {title}; choose another folder")
    return True


def _fetch(file: SourceFile, part: Path, *, progress: bool) -> str | None:
    """Download into `part`, going on where it ends; None, or why it did not come whole."""
    failure, left = "", _TRIES
    while left:
        before = _size(part)
        try:
            if _fetch_rest(file, part, progress=progress):
                return None
            failure = "the connection broke off"
        except urllib.error.HTTPError as error:
            failure = f"{error.code} {error.reason}"
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                # As long as the whole file or longer, with other content: no part of it.
                part.unlink()
            error.close()
        except (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError) as error:
            failure = str(getattr(error, "reason", error))
        except http.client.HTTPException as error:
            failure = repr(error)
        left = _TRIES if _size(part) > before else left - 1
    return f"{file.url}: {failure}"


def _fetch_rest(file: SourceFile, part: Path, *, progress: bool) -> bool:
    """Append what `part` lacks; whether it is whole then."""
    begun = _size(part)
    headers = {"Range": f"bytes={begun}-"} if begun else {}
    request = urllib.request.Request(file.url, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        # A server that knows no ranges sends everything again.
        at = begun if response.status == HTTPStatus.PARTIAL_CONTENT else 0
        length = response.headers.get("Content-Length")
        total = at + int(length) if length else None
        bar = tqdm(
            desc=file.name, total=total, initial=at, unit="B", unit_scale=True,
            disable=not progress,
        )  # fmt: skip
        with bar, part.open("ab" if at else "wb") as stream:
            while block := response.read(_BLOCK):
                stream.write(block)
                bar.update(len(block))
    return total is None or _size(part) == total


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
