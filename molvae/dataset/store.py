"""The token store: a folder of memory-mapped arrays, written whole and reused while it fits.

store.json       what it was made of and how; the vocabulary; counts
ids.bin          ids of all molecules, one after the other, little-endian uint16
lengths.bin      ids of each molecule, int32
properties.bin   float32, one row per molecule, one column per property
refused.csv      line, reason and text of each refused row
"""

import csv
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Float32, Int32, Shaped, UInt16

from molvae.errors import FileError
from molvae.files import read_json, sha256, write_json

IDS_FILE = "ids.bin"
LENGTHS_FILE = "lengths.bin"
PROPERTIES_FILE = "properties.bin"
REFUSED_FILE = "refused.csv"
RECORD_FILE = "store.json"

_FORMAT = 1
_CODES_FILE = "codes.part"
_ID = np.dtype("<u2")
_LENGTH = np.dtype("<i4")
_PROPERTY = np.dtype("<f4")
_LONGEST_TEXT = 200
_RENUMBERED_AT_ONCE = 1 << 22
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Source:
    """What a data file was when it was read."""

    size: int
    modified_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Source":
        """The file as it is now."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, sha256(path))

    def is_still(self, path: Path) -> bool:
        """Whether the file's content is the same; it is read only where its date differs."""
        status = path.stat()
        if status.st_size != self.size:
            return False
        return status.st_mtime_ns == self.modified_ns or sha256(path) == self.sha256


# Any: JSON values.
@dataclass(frozen=True)
class StoreRecord:
    """What `store.json` says.

    Attributes:
        key: settings and versions that the store was made with.
        source: the data file.
        vocabulary: as `Vocabulary.to_json` gives it.
        property_names: columns of the properties.
        rows: rows of the data file.
        molecules: rows that were accepted.
        refused: count of the other rows, by reason.
        missing: accepted molecules without a value, by property.
        not_numbers: accepted molecules with something else than a number, by property.
        changed: accepted molecules that cleaning changed, by what it did.
    """

    key: dict[str, Any]
    source: Source
    vocabulary: dict[str, Any]
    property_names: tuple[str, ...]
    rows: int
    molecules: int
    refused: dict[str, int]
    missing: dict[str, int]
    not_numbers: dict[str, int]
    changed: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "StoreRecord | None":
        """The record of the store in a folder; None where no store of this format lies."""
        try:
            values = read_json(folder / RECORD_FILE)
            if values.pop("format") != _FORMAT:
                return None
            values["source"] = Source(**values["source"])
            values["property_names"] = tuple(values["property_names"])
            return cls(**values)
        except (FileError, AttributeError, KeyError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        write_json(folder / RECORD_FILE, {"format": _FORMAT, **asdict(self)})


@dataclass(frozen=True)
class StoredArrays:
    """The arrays of a store; ids and properties stay on disk until they are looked at."""

    ids: UInt16[np.ndarray, " id"]
    lengths: Int32[np.ndarray, " molecule"]
    properties: Float32[np.ndarray, "molecule property"]

    @classmethod
    def read(cls, folder: Path, record: StoreRecord) -> "StoredArrays | None":
        """The arrays that the record tells of; None where the files are not of that size."""
        try:
            lengths = np.fromfile(folder / LENGTHS_FILE, _LENGTH)
            ids = _mapped(folder / IDS_FILE, _ID)
            properties = _mapped(folder / PROPERTIES_FILE, _PROPERTY)
        # A file that ends within a value is a ValueError.
        except (OSError, ValueError):
            return None
        width = len(record.property_names)
        expected = (record.molecules, int(lengths.sum()), record.molecules * width)
        if (len(lengths), len(ids), len(properties)) != expected:
            return None
        return cls(ids, lengths, properties.reshape(record.molecules, width))


class StoreWriter:
    """Appends to the files of a store that is being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open_files = ExitStack()
        self._codes = self._opened(_CODES_FILE, "wb")
        self._lengths = self._opened(LENGTHS_FILE, "wb")
        self._properties = self._opened(PROPERTIES_FILE, "wb")
        self._refused = csv.writer(self._opened(REFUSED_FILE, "w"), lineterminator="\n")
        self._refused.writerow(("line", "reason", "text", "detail"))

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._open_files.close()

    def append(
        self,
        codes: UInt16[np.ndarray, " code"],
        lengths: Int32[np.ndarray, " molecule"],
    ) -> None:
        """Add molecules; their codes are renumbered when the store is finished."""
        self._codes.write(codes.astype(_ID, copy=False).tobytes())
        self._lengths.write(lengths.astype(_LENGTH, copy=False).tobytes())

    def write_properties(self, values: Float32[np.ndarray, "molecule property"]) -> None:
        """Put down the properties of all molecules."""
        self._properties.write(values.astype(_PROPERTY, copy=False).tobytes())

    def refuse(self, line: int, reason: str, text: str, detail: str) -> None:
        """Note a refused row; of long texts only the beginning."""
        self._refused.writerow((line, reason, text[:_LONGEST_TEXT], detail[:_LONGEST_TEXT]))

    def finish(self, ids: UInt16[np.ndarray, " code"]) -> None:
        """Give each code its id, and put everything on the disk; nothing can be added any more."""
        stream = self._opened(IDS_FILE, "wb")
        for codes in self._all_codes():
            stream.write(ids[codes].astype(_ID, copy=False).tobytes())
        self._open_files.close()
        (self._folder / _CODES_FILE).unlink()

    def _all_codes(self) -> Iterator[UInt16[np.ndarray, " code"]]:
        self._codes.flush()
        with (self._folder / _CODES_FILE).open("rb") as stream:
            while len(codes := np.fromfile(stream, _ID, _RENUMBERED_AT_ONCE)):
                yield codes

    # Any: the stream is of bytes or of text.
    def _opened(self, name: str, mode: str) -> IO[Any]:
        encoding, newline = (None, None) if "b" in mode else ("utf-8", "")
        stream = (self._folder / name).open(mode, encoding=encoding, newline=newline)
        self._open_files.callback(_closed_on_disk, stream)
        return stream


@contextmanager
def new_store(folder: Path) -> Iterator[Path]:
    """A draft folder that takes the place of `folder` once the block has ended well.

    Raises:
        FileError: the disk is full, or the place cannot be written to.
    """
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        draft.mkdir(parents=True)
        _remove_abandoned(folder)
        yield draft
        _replace(folder, draft)
    except OSError as error:
        raise FileError(
            f"could not write the token store {str(folder)!r}: {error.strerror or error}; "
            "free some space or keep it in another folder"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            # Goes only when it is empty: when no store was made, and none was there before.
            folder.parent.rmdir()


def _replace(folder: Path, draft: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        # Who has mapped the old files goes on reading them after they are unlinked.
        old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
        folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes have left; what is younger than a day may be in the making."""
    for draft in folder.parent.glob(f".{folder.name}.*.part"):
        if draft.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            shutil.rmtree(draft, ignore_errors=True)


# Any: of ids or of properties.
def _mapped(path: Path, dtype: np.dtype[Any]) -> Shaped[np.ndarray, " value"]:
    # An empty file cannot be mapped.
    return np.memmap(path, dtype, "r") if path.stat().st_size else np.zeros(0, dtype)


# Any: the stream is of bytes or of text.
def _closed_on_disk(stream: IO[Any]) -> None:
    with stream:
        stream.flush()
        os.fsync(stream.fileno())
