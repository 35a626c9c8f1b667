"""Text files as people have them: plain or gzip, UTF-8, UTF-16 or Latin-1, any line ends."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from molvae.errors import DataError

LONGEST_LINE = 1_000_000
"""Characters; what a line has beyond them is skipped, so that no file can fill the memory."""

_SAMPLE_BYTES = 1 << 18
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_COUNTS_LINE = re.compile(rb"^[ \d]{6,}.* V[23]000[ \t]*\r?$", re.MULTILINE)
"""Of a molecule in an SD file: numbers of atoms and bonds first, the version last."""
_LATIN_1 = "molvae.latin-1"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an open file, without their ends, and how far the file has been read."""

    stream: io.TextIOWrapper
    raw: io.BufferedReader
    path: Path

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the disk so far (compressed ones for gzip)."""
        return self.raw.tell()

    def __iter__(self) -> Iterator[str]:
        """Each line in turn; one longer than `LONGEST_LINE` has exactly that length.

        Raises:
            DataError: the file breaks off or is damaged.
        """
        read = self.stream.readline
        with _damage_named(self.path):
            while line := read(LONGEST_LINE):
                if len(line) == LONGEST_LINE and not line.endswith("\n"):
                    self._skip_rest_of_line()
                yield line.removesuffix("\n")

    def _skip_rest_of_line(self) -> None:
        while (rest := self.stream.readline(LONGEST_LINE)) and not rest.endswith("\n"):
            pass


@contextmanager
def open_lines(path: Path) -> Iterator[Lines]:
    """The lines of a text file.

    Raises:
        DataError: no such file, a folder, not readable, empty, binary, or a damaged gzip file.
    """
    _check_is_file(path)
    sample = _sample(path)
    _check_is_text(path, sample)
    encoding = "utf-16" if sample.startswith(_UTF16_MARKS) else "utf-8-sig"
    with path.open("rb") as raw, _uncompressed(raw) as stream:
        # Bytes that are not UTF-8 are read as Latin-1, in which every byte is a character.
        text = io.TextIOWrapper(stream, encoding=encoding, errors=_LATIN_1)
        yield Lines(text, raw, path)


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; expected a CSV, TSV or SMI file")
    if not path.exists():
        raise DataError(f"no file {str(path)!r}; check the path")


def _sample(path: Path) -> bytes:
    """The first bytes of the text, uncompressed."""
    with _damage_named(path), path.open("rb") as raw, _uncompressed(raw) as stream:
        return stream.read(_SAMPLE_BYTES)


def _check_is_text(path: Path, sample: bytes) -> None:
    if not sample.strip():
        raise DataError(f"{str(path)!r} is empty; expected rows with a SMILES each")
    if sample.startswith(_UTF16_MARKS):
        return
    controls = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if b"\0" in sample or controls > len(sample) // 20:
        raise DataError(
            f"{str(path)!r} holds binary data; expected text (CSV, TSV or SMI, plain or gzip): "
            "export or unpack it first"
        )
    if _COUNTS_LINE.search(sample):
        raise DataError(f"{str(path)!r} is an SD file; expected one SMILES per line: convert it")


def _uncompressed(raw: io.BufferedReader) -> io.BufferedReader | gzip.GzipFile:
    """The stream itself, or what is packed in it; told by content, as names are often wrong."""
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=raw)
    return raw


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{str(path)!r} is a damaged or incomplete gzip file ({error}); fetch it again"
        ) from None
    except UnicodeError as error:
        raise DataError(f"{str(path)!r} is not readable text ({error}); save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "utf-8":
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_LATIN_1, _as_latin_1)
