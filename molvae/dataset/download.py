"""Downloads of public data sets: files of known content from addresses that may fail."""

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
    """A file of a data set: its name, its address, and its SHA-256 or MD5."""

    name: str
    url: str
    checksum: str

    def check(self, path: Path) -> None:
        """Check that the file at `path` is this one.

        Raises:
            FileError: it is another file.
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
    """Download a file to NAME.part in `folder`, or complete an earlier download.

    Args:
        file: file to download.
        folder: folder for it, created if it is missing.
        otherwise: called with the path and the reason when the download fails; it must put the
            file there, or raise.
        progress: whether to show a bar.

    Raises:
        FileError: another file came, or the folder cannot be written to.
    """
    make_folder(folder)
    path = folder / f"{file.name}.part"
    if path.is_file() and _digest(path, file.checksum) == file.checksum:
        return path
    try:
        failure = _fetch(file, path, progress=progress)
        if failure:
            otherwise(path, failure)
    except OSError as error:
        raise FileError(
            f"could not write {str(path)!r}: {error.strerror or error}; "
            "free some space or choose another place"
        ) from error
    try:
        file.check(path)
    except FileError:
        path.unlink()
        raise
    return path


def give_up(substitute: str) -> Callable[[Path, str], None]:
    """A fallback of `download` that raises an error, which asks the user for a substitute."""

    def fail(path: Path, failure: str) -> None:
        raise FileError(
            f"could not fetch {path.stem} ({failure}); "
            f"download it elsewhere and pass {substitute}, or try again"
        )

    return fail


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
    """The files of tables that do not exist yet.

    Raises:
        FileError: a file of that name exists and is not of the data set called `title`.
    """
    missing = {table: file for table, file in files.items() if not file.exists()}
    for table, file in files.items():
        if table in missing:
            continue
        if not file.is_file() or sha256(file) != checksums[table]:
            raise FileError(
                f"{str(file)!r} exists and is not that of {title}; choose another folder"
            )
    return missing


def make_folder(folder: Path) -> None:
    """Create the folder if it is missing.

    Raises:
        FileError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"could not create the folder {str(folder)!r}: {error.strerror or error}; "
            "choose another place"
        ) from error


def _digest(path: Path, checksum: str) -> str:
    """The digest of a file by the algorithm of a checksum."""
    if len(checksum) != _MD5_DIGITS:
        return sha256(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _fetch(file: SourceFile, path: Path, *, progress: bool) -> str | None:
    """Download to `path`, continuing where it ends; None, or why the download failed."""
    failure, left = "", _TRIES
    while left:
        before = _size(path)
        try:
            if _fetch_rest(file, path, progress=progress):
                return None
            failure = "the connection was lost"
        except urllib.error.HTTPError as error:
            failure = f"{error.code} {error.reason}"
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                # At least as long as the whole file, and with other content.
                path.unlink()
            error.close()
        except (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError) as error:
            failure = str(getattr(error, "reason", error))
        except http.client.HTTPException as error:
            failure = repr(error)
        left = _TRIES if _size(path) > before else left - 1
    return f"{file.url}: {failure}"


def _fetch_rest(file: SourceFile, path: Path, *, progress: bool) -> bool:
    """Append what `path` lacks; whether the file is complete then."""
    begun = _size(path)
    headers = {"Range": f"bytes={begun}-"} if begun else {}
    request = urllib.request.Request(file.url, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        # A server that does not support ranges sends the whole file again.
        at = begun if response.status == HTTPStatus.PARTIAL_CONTENT else 0
        length = response.headers.get("Content-Length")
        total = at + int(length) if length else None
        bar = tqdm(
            desc=file.name, total=total, initial=at, unit="B", unit_scale=True,
            disable=not progress,
        )  # fmt: skip
        with bar, path.open("ab" if at else "wb") as stream:
            while block := response.read(_BLOCK):
                stream.write(block)
                bar.update(len(block))
    return total is None or _size(path) == total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
