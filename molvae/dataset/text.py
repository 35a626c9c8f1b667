"""Text files as people have them: any compression, any common encoding, any line ends."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from molvae.dataset.containers import display_name, first_bytes, open_bytes
from molvae.errors import DataError

LONGEST_LINE = 1_000_000
"""Characters kept of a line; the rest is skipped, so that no file can fill the memory."""

_SAMPLE_BYTES = 1 << 18
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_COUNTS_LINE = re.compile(rb"^[ \d]{6}.{0,200} V[23]000[ \t]*\r?$", re.MULTILINE)
"""Counts line of a molecule in an SD file: numbers of atoms and bonds first, the version last."""
_WINDOWS_1252 = "molvae.windows-1252"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an open file, without their ends, and how far the file has been read."""

    stream: io.TextIOWrapper
    raw: io.BufferedReader

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
            yield line.removesuffix("\n")


@contextmanager
def open_lines(path: Path) -> Iterator[Lines]:
    """The lines of a text file; bytes that are not UTF-8 are read as Windows-1252.

    Raises:
        DataError: no such file, a folder, not readable, empty, binary, or damaged.
    """
    sample = first_bytes(path, _SAMPLE_BYTES)
    _check_is_text(path, sample)
    with open_bytes(path) as (stream, raw):
        # Any buffered stream can be wrapped; typeshed lists the methods that it must have.
        buffer = cast("io.BufferedReader", stream)
        text = io.TextIOWrapper(buffer, encoding=_encoding(sample), errors=_WINDOWS_1252)
        yield Lines(text, raw)


def is_sd_file(path: Path) -> bool:
    """Whether a file holds molecules as connection tables (SDF or MOL).

    Raises:
        DataError: the file cannot be read.
    """
    sample = first_bytes(path, _SAMPLE_BYTES)
    return _encoding(sample) == "utf-8" and _COUNTS_LINE.search(sample) is not None


def _encoding(sample: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if sample.startswith(mark):
            return encoding
    # UTF-16 without a mark: in mostly ASCII text every other byte is zero.
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if len(zeros) < 2 or zeros.count(0) <= 0.7 * len(zeros):
            continue
        # Binary files have characters of two zeros, and text has none.
        if "\0" not in sample.decode(encoding, "ignore"):
            return encoding
    return "utf-8"


def _check_is_text(path: Path, sample: bytes) -> None:
    name = display_name(path)
    if not sample.strip():
        raise DataError(f"{name} is empty; expected a molecule per row")
    if sample[257:262] == b"ustar":
        raise DataError(f"{name} is a tar archive; unpack it first")
    if _encoding(sample) != "utf-8":
        return
    controls = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if b"\0" in sample or controls > len(sample) // 20:
        raise DataError(
            f"{name} holds binary data; expected CSV, TSV, SMI, SDF or Parquet: export it first"
        )


def _decode_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "utf-8":
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("windows-1252"), error.end
    # Five bytes stand for nothing in Windows-1252.
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error(_WINDOWS_1252, _decode_windows_1252)
