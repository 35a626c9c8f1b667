"""Text files as people have them: any compression, any common encoding, any line ends."""

import io
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from molvae.dataset.containers import COMPRESSED, display_name, first_bytes, open_bytes
from molvae.dataset.encodings import (
    SINGLE_BYTES,
    TextEncoding,
    decode_escaped,
    encoding_note,
    find_encoding,
)
from molvae.errors import DataError

LONGEST_LINE = 1_000_000
"""Characters kept of a line; the rest is skipped, so that no file can fill the memory."""

_SAMPLE_BYTES = 1 << 18
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_SD_LINE = re.compile(r"^(?:[ \d]{6}.{0,200} V[23]000|M  END)[ \t]*$", re.MULTILINE | re.IGNORECASE)
"""Line of a molecule in an SD file: the counts of atoms and bonds, or the end of the structure."""
_DELIMITER_NOTE = re.compile(r'"?sep=.?"?[\s;,|]*\Z', re.IGNORECASE)
_OTHER_FORMATS = {
    "JSON": ('{"', '[{"', "{\n", "[\n", "{ ", "[ {"),
    "HTML": ("<!doctype html", "<html"),
    "XML": ("<?xml",),
    "mol2": ("@<tripos>",),
    "PDF": ("%pdf-",),
    "RTF": ("{\\rtf",),
    "PDB": ("header    ", "atom      ", "hetatm", "cryst1", "remark   "),
}
"""Text formats that are no tables, by their first characters in lower case."""
_BYTE_ORDER_MARK = "\ufeff"
_ESCAPED = re.compile("[\udc80-\udcff]")

_log = logging.getLogger("molvae")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an open file, without their ends, and how far the file has been read."""

    stream: io.TextIOWrapper
    raw: io.BufferedReader
    encoding: TextEncoding
    name: str
    """Name of the file for messages."""

    @property
    def note(self) -> str:
        """Assumption about the encoding; empty where the beginning needs none."""
        return self.encoding.note

    @property
    def bytes_read(self) -> int:
        """Bytes read from disk so far (compressed bytes for a compressed file)."""
        return self.raw.tell()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the lines; a line beyond `LONGEST_LINE` is cut to that length.

        Raises:
            DataError: the file breaks off or is damaged, or the encoding of a line cannot be told.
        """
        read, number = self.stream.readline, 0
        while line := read(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE and not line.endswith("\n"):
                while (rest := self.stream.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                    pass
            if not line.isascii():
                line = self._clean(number, line)
            yield line.removesuffix("\n")

    def _clean(self, number: int, line: str) -> str:
        """The line without byte order marks, in Unicode."""
        if _ESCAPED.search(line):
            try:
                line, encoding = decode_escaped(line, self.encoding)
            except UnicodeError as error:
                raise DataError(
                    f"line {number} of {self.name} cannot be read: {error}; save the file as UTF-8"
                ) from None
            if not self.encoding.further:
                _warn_once(f"{self.name}: from line {number} on, {encoding_note(encoding)}")
        # Joined files have marks within them.
        return line.replace(_BYTE_ORDER_MARK, "")


@contextmanager
def open_lines(path: Path) -> Iterator[Lines]:
    """The lines of a text file in any common encoding, see `find_encoding`.

    Raises:
        DataError: no such file, a folder, not readable, empty, binary, damaged, or in an encoding
            that cannot be told.
    """
    sample = first_bytes(path, _SAMPLE_BYTES)
    _check_is_text(path, sample)
    encoding, name = find_encoding(sample), display_name(path)
    if encoding.problem:
        raise DataError(f"{name} cannot be read: {encoding.problem}; save the file as UTF-8")
    errors = SINGLE_BYTES if encoding.codec.startswith("utf-8") else "strict"
    with open_bytes(path) as (stream, raw):
        # Any buffered stream can be wrapped; typeshed lists the methods that it must have.
        buffer = cast("io.BufferedReader", stream)
        text = io.TextIOWrapper(buffer, encoding=encoding.codec, errors=errors)
        yield Lines(text, raw, encoding, name)


def is_sd_file(path: Path) -> bool:
    """Whether a file holds molecules as connection tables (SDF or MOL).

    Raises:
        DataError: the file cannot be read.
    """
    sample = first_bytes(path, _SAMPLE_BYTES)
    return _SD_LINE.search(_decode(sample).translate({ord("\r"): "\n"})) is not None


def without_delimiter_note(lines: Iterable[str]) -> Iterator[str]:
    """The lines, the first one blank where it only names the delimiter for a spreadsheet."""
    for number, line in enumerate(lines):
        yield "" if number == 0 and _DELIMITER_NOTE.match(line) else line


def _check_is_text(path: Path, sample: bytes) -> None:
    name = display_name(path)
    if not sample.strip():
        raise DataError(f"{name} is empty; expected a molecule per row")
    if sample[257:262] == b"ustar":
        raise DataError(f"{name} is a tar archive; unpack it first")
    if sample.startswith(COMPRESSED):
        raise DataError(f"{name} holds a compressed file once more; unpack it first")
    beginning = _decode(sample[:200]).lstrip().casefold()
    for kind, signs in _OTHER_FORMATS.items():
        if beginning.startswith(signs):
            raise DataError(
                f"{name} holds {kind}; expected CSV, TSV, SMI, SDF or Parquet: export it first"
            )
    if find_encoding(sample).codec.startswith(("utf-16", "utf-32")):
        return
    controls = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if b"\0" in sample or controls > len(sample) // 20:
        raise DataError(
            f"{name} holds binary data; expected CSV, TSV, SMI, SDF or Parquet: export it first"
        )


def _decode(sample: bytes) -> str:
    return sample.decode(find_encoding(sample).codec, "ignore")


@cache
def _warn_once(message: str) -> None:
    """Log a warning that every pass over a file would repeat."""
    _log.warning(message)
