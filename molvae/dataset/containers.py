"""Files as bytes: plain or compressed (gzip, bz2, xz, zip), and standard input as a file."""

import bz2
import gzip
import io
import lzma
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, cast

from molvae.errors import DataError
from molvae.files import atomic_write

if TYPE_CHECKING:
    from tempfile import _TemporaryFileWrapper

STANDARD_INPUT = Path("-")

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
COMPRESSED = tuple(_MAGIC)
"""First bytes of compressed files."""
_UNSUPPORTED = {
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", "unpack it first"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it first"),
    b"Rar!": ("a RAR archive", "unpack it first"),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet (.xls)", "save it as CSV"),
}
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_TAR_MAGIC_AT = 257
_NOT_DATA = ("thumbs.db", "desktop.ini")
_BLOCK_BYTES = 1 << 16


def local_path(path: Path) -> Path:
    """The file itself; a temporary copy, made once, of standard input (`-`) or of a pipe."""
    is_pipe = path == STANDARD_INPUT or path.is_fifo()
    return Path(_copy_of_pipe(path).name) if is_pipe else path


def save_standard_input(path: Path) -> Path:
    """A copy of standard input under this name, for work that must be able to begin again."""
    with atomic_write(path, "wb") as stream, local_path(STANDARD_INPUT).open("rb") as source:
        shutil.copyfileobj(source, stream)
    return path


def display_name(path: Path) -> str:
    """A file's name for messages."""
    return "standard input" if path == STANDARD_INPUT else repr(str(path))


@contextmanager
def open_bytes(path: Path) -> Iterator[tuple[io.BufferedIOBase, io.BufferedReader]]:
    """The uncompressed bytes of a file, and the raw file whose position tells the progress.

    The kind of compression is recognized by content, because names are often wrong.

    Raises:
        DataError: no such file, a folder, not readable, damaged, or a format that is not supported.
    """
    check_is_file(path)
    kind = "text"
    try:
        with local_path(path).open("rb") as raw:
            head = raw.read(_TAR_MAGIC_AT + 5)
            raw.seek(0)
            for magic, (name, advice) in _UNSUPPORTED.items():
                if head.startswith(magic):
                    raise DataError(f"{display_name(path)} is {name}; {advice}")
            kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), kind)
            with _decompress(path, raw, kind) as stream:
                yield stream, raw
    except _DAMAGE as error:
        raise DataError(
            f"{display_name(path)} is a damaged or incomplete {kind} file ({error}); fetch it again"
        ) from None
    except UnicodeError as error:
        raise DataError(
            f"{display_name(path)} is not readable text ({error}); save it as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(f"{display_name(path)} cannot be read: {error.strerror or error}") from None


def first_bytes(path: Path, size: int) -> bytes:
    """The first uncompressed bytes of a file.

    Raises:
        DataError: as `open_bytes`.
    """
    with open_bytes(path) as (stream, _):
        return stream.read(size)


def check_is_file(path: Path) -> None:
    """Check that something can be read under this name.

    Raises:
        DataError: there is no such file, or it is a folder.
    """
    if path == STANDARD_INPUT:
        return
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; expected a file of molecules")
    if not path.exists():
        raise DataError(f"no file {str(path)!r}; check the path")


def _decompress(path: Path, raw: io.BufferedReader, kind: str) -> io.BufferedIOBase:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=raw)
    if kind == "bz2":
        return io.BufferedReader(_Members(raw, bz2.BZ2Decompressor))
    if kind == "xz":
        return io.BufferedReader(_Members(raw, lzma.LZMADecompressor))
    return _open_zip_member(path, raw) if kind == "zip" else raw


class _Members(io.RawIOBase):
    """The uncompressed bytes of a file of bz2 or xz streams, one after another.

    The readers of Python end in silence where a further stream has a damaged beginning.
    """

    def __init__(
        self,
        raw: io.BufferedReader,
        new: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor],
    ) -> None:
        self._raw = raw
        self._new = new
        self._stream = new()

    def readable(self) -> bool:
        return True

    # typeshed admits more kinds of buffers.
    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        while True:
            if self._stream.eof and not self._begin_next():
                return 0
            packed = self._raw.read(_BLOCK_BYTES) if self._stream.needs_input else b""
            if self._stream.needs_input and not packed:
                raise EOFError("it ends before its end mark")
            if data := self._stream.decompress(packed, len(view)):
                view[: len(data)] = data
                return len(data)

    def _begin_next(self) -> bool:
        """Begin with the next stream; False if there is none. Zeros may fill the gap."""
        unused = self._stream.unused_data.lstrip(b"\0")
        while not unused and (block := self._raw.read(_BLOCK_BYTES)):
            unused = block.lstrip(b"\0")
        if not unused:
            return False
        self._raw.seek(self._raw.tell() - len(unused))
        self._stream = self._new()
        return True


def _open_zip_member(path: Path, raw: io.BufferedReader) -> io.BufferedIOBase:
    """The single file in a zip archive; folders and hidden files do not count."""
    archive = zipfile.ZipFile(raw)
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        raise DataError(f"{display_name(path)} is a spreadsheet (.xlsx); save it as CSV")
    members = [
        name
        for name in names
        if not name.endswith("/")
        and "__MACOSX" not in name
        and not Path(name).name.startswith(".")
        and Path(name).name.lower() not in _NOT_DATA
    ]
    if len(members) != 1:
        listing = ", ".join(map(repr, members[:5])) or "none"
        raise DataError(
            f"{display_name(path)} holds {len(members)} files ({listing}); "
            "expected a zip archive of a single file: unpack it first"
        )
    try:
        # zipfile gives a ZipExtFile, which typeshed calls IO[bytes].
        return cast("io.BufferedIOBase", archive.open(members[0]))
    # An encrypted member is a RuntimeError, an unknown compression a NotImplementedError.
    except (RuntimeError, NotImplementedError) as error:
        raise DataError(f"{display_name(path)} cannot be unpacked: {error}") from None


@cache
def _copy_of_pipe(path: Path) -> "_TemporaryFileWrapper[bytes]":
    """A temporary copy of standard input or of a pipe, removed when the process ends."""
    copy = NamedTemporaryFile(prefix="molvae-", suffix=".input")  # noqa: SIM115
    if path == STANDARD_INPUT:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    else:
        with path.open("rb") as pipe:
            shutil.copyfileobj(pipe, copy)
    copy.flush()
    return copy
