"""Text files as people have them: any compression, any common encoding, any line ends."""

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from molvae.dataset.containers import COMPRESSED, display_name, first_bytes, open_bytes
from molvae.dataset.encodings import WINDOWS_1252, encoding_note, find_encoding
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
    "PDB": ("header    ", "atom      ", "hetatm", "cryst1", "remark   "),
}
"""Text formats that are no tables, by their first characters in lower case."""
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an open file, without their ends, and how far the file has been read."""

    stream: io.TextIOWrapper
    raw: io.BufferedReader
    note: str = ""
    """Assumption about the encoding."""

    @property
    def bytes_read(self) -> int:
        """Bytes read from disk so far (compressed bytes for a compressed file)."""
        return self.raw.tell()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the lines; a line beyond `LONGEST_LINE` is cut to that length.

        Raises:
            DataError: the file breaks off or is damaged.
        """
        read = self.stream.readline
        while line := read(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith("\n"):
                while (rest := self.stream.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                    pass
            # Joined files have marks within them.
            if _BYTE_ORDER_MARK in line:
                line = line.replace(_BYTE_ORDER_MARK, "")
            yield line.removesuffix("\n")


@contextmanager
def open_lines(path: Path) -> Iterator[Lines]:
    """The lines of a text file in any common encoding, see `find_encoding`.

    Raises:
        DataError: no such file, a folder, not readable, empty, binary, or damaged.
    """
    sample = first_bytes(path, _SAMPLE_BYTES)
    _check_is_text(path, sample)
    with open_bytes(path) as (stream, raw):
        # Any buffered stream can be wrapped; typeshed lists the methods that it must have.
        buffer = cast("io.BufferedReader", stream)
        text = io.TextIOWrapper(buffer, encoding=find_encoding(sample), errors=WINDOWS_1252)
        yield Lines(text, raw, encoding_note(sample))


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
    if find_encoding(sample).startswith(("utf-16", "utf-32")):
        return
    controls = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if b"\0" in sample or controls > len(sample) // 20:
        raise DataError(
            f"{name} holds binary data; expected CSV, TSV, SMI, SDF or Parquet: export it first"
        )


def _decode(sample: bytes) -> str:
    encoding = find_encoding(sample)
    return sample.decode(encoding, WINDOWS_1252 if encoding == "utf-8" else "ignore")
