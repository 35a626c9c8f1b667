"""The token store: a folder of memory-mapped arrays, written whole and reused while it fits.

store.json       source and settings; the vocabulary; counts; a digest of itself and of each file
ids.bin          ids of all molecules, one after the other, little-endian uint16
lengths.bin      number of ids of each molecule, int32
properties.bin   float32, one row per molecule, one column per property
qualifiers.bin   int8, code of the qualifier of each property value
refused.csv      line, reason and text of each refused row; first its file, where there are several

A store whose files do not match their digests counts as no store, and is made anew.
"""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Float32, Int8, Int32, Shaped, UInt16

from molvae.errors import FileError
from molvae.files import TableWriter, flush_to_disk, read_json, sha256, write_json

IDS_FILE = "ids.bin"
LENGTHS_FILE = "lengths.bin"
PROPERTIES_FILE = "properties.bin"
REFUSED_FILE = "refused.csv"
RECORD_FILE = "store.json"

QUALIFIERS_FILE = "qualifiers.bin"

_FORMAT = 2
_FILES = (IDS_FILE, LENGTHS_FILE, PROPERTIES_FILE, QUALIFIERS_FILE, REFUSED_FILE)
_CODES_FILE = "codes.part"
_ID = np.dtype("<u2")
_LENGTH = np.dtype("<i4")
_PROPERTY = np.dtype("<f4")
_QUALIFIER = np.dtype("i1")
LONGEST_TEXT = 200
"""Characters kept of the text of a refused row."""
_RENUMBERED_AT_ONCE = 1 << 22
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class FileState:
    """Size, modification time and SHA-256 of a data file."""

    size: int
    modified_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """The file as it is now."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, sha256(path))

    def is_still(self, path: Path) -> bool:
        """Whether the file still has this content; it is read only where its date differs."""
        status = path.stat()
        if status.st_size != self.size:
            return False
        return status.st_mtime_ns == self.modified_ns or sha256(path) == self.sha256


# Any: JSON values.
@dataclass(frozen=True)
class StoreRecord:
    """Contents of `store.json`.

    Attributes:
        key: settings and versions that decide what the store holds.
        sources: the data files.
        vocabulary: as `Vocabulary.to_json` gives it.
        property_names: columns of the properties.
        rows: rows of the data file.
        molecules: rows that were accepted.
        refused: count of the other rows, by reason.
        missing: accepted molecules without a value, by property.
        not_numbers: accepted molecules with something else than a number, by property.
        merged: accepted molecules whose rows disagree, by property.
        qualified: values with a qualifier, by property and qualifier.
        changed: accepted molecules that cleaning changed, by what it did.
        notes: assumptions about the file that a reader of the results should know.
        files: SHA-256 of each file of the store; filled in by `write`.
    """

    key: dict[str, Any]
    sources: tuple[FileState, ...]
    vocabulary: dict[str, Any]
    property_names: tuple[str, ...]
    rows: int
    molecules: int
    refused: dict[str, int]
    missing: dict[str, int]
    not_numbers: dict[str, int]
    merged: dict[str, int] = field(default_factory=dict)
    qualified: dict[str, dict[str, int]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "StoreRecord | None":
        """The record of a store; None where there is no store of this format, or a damaged one."""
        try:
            values = read_json(folder / RECORD_FILE)
            if values.pop("digest") != _digest(values) or values.pop("format") != _FORMAT:
                return None
            # Older stores name their single source.
            sources = [values.pop("source")] if "source" in values else values["sources"]
            values["sources"] = tuple(FileState(**source) for source in sources)
            values["property_names"] = tuple(values["property_names"])
            values["notes"] = tuple(values["notes"])
            return cls(**values)
        except (FileError, AttributeError, KeyError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write the record, with the digests of the finished files beside it."""
        files = {name: sha256(folder / name) for name in _FILES}
        values = {"format": _FORMAT, **asdict(self), "files": files}
        write_json(folder / RECORD_FILE, {**values, "digest": _digest(values)})

    def fits(self, folder: Path) -> bool:
        """Whether the files of the store are those that were written."""
        try:
            return all(sha256(folder / name) == self.files[name] for name in _FILES)
        except (OSError, KeyError):
            return False


@dataclass(frozen=True)
class StoredArrays:
    """The arrays of a store, memory-mapped: processes of a machine share what they read."""

    ids: UInt16[np.ndarray, " id"]
    lengths: Int32[np.ndarray, " molecule"]
    properties: Float32[np.ndarray, "molecule property"]
    qualifiers: Int8[np.ndarray, "molecule property"]

    @classmethod
    def read(cls, folder: Path, record: StoreRecord) -> "StoredArrays | None":
        """The arrays that the record describes; None where the files are damaged."""
        if not record.fits(folder):
            return None
        try:
            lengths = _map_file(folder / LENGTHS_FILE, _LENGTH)
            ids = _map_file(folder / IDS_FILE, _ID)
            properties = _map_file(folder / PROPERTIES_FILE, _PROPERTY)
            qualifiers = _map_file(folder / QUALIFIERS_FILE, _QUALIFIER)
        # A file that ends within a value is a ValueError.
        except (OSError, ValueError):
            return None
        shape = (record.molecules, len(record.property_names))
        cells = shape[0] * shape[1]
        expected = (record.molecules, int(lengths.sum()), cells, cells)
        if (len(lengths), len(ids), len(properties), len(qualifiers)) != expected:
            return None
        return cls(ids, lengths, properties.reshape(shape), qualifiers.reshape(shape))


class StoreWriter:
    """Appends to the files of a store."""

    def __init__(self, folder: Path, *, names_files: bool = False) -> None:
        """Open the files for writing.

        Args:
            folder: an empty folder.
            names_files: whether the list of refused rows has a column for their file.
        """
        self._folder = folder
        self._names_files = names_files
        self._open_files = ExitStack()
        self._codes = self._open(_CODES_FILE, "wb")
        self._lengths = self._open(LENGTHS_FILE, "wb")
        self._properties = self._open(PROPERTIES_FILE, "wb")
        self._qualifiers = self._open(QUALIFIERS_FILE, "wb")
        self._refused = TableWriter(self._open(REFUSED_FILE, "w"))
        columns = ("line", "reason", "text", "detail")
        self._refused.write_row(("file", *columns) if names_files else columns)

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._open_files.close()

    def append(
        self,
        codes: UInt16[np.ndarray, " code"],
        lengths: Int32[np.ndarray, " molecule"],
    ) -> None:
        """Add molecules; their codes become ids when the store is finished."""
        self._codes.write(codes.astype(_ID, copy=False).tobytes())
        self._lengths.write(lengths.astype(_LENGTH, copy=False).tobytes())

    def write_properties(
        self,
        values: Float32[np.ndarray, "molecule property"],
        qualifiers: Int8[np.ndarray, "molecule property"],
    ) -> None:
        """Write the properties of all molecules, and the codes of their qualifiers."""
        self._properties.write(values.astype(_PROPERTY, copy=False).tobytes())
        self._qualifiers.write(qualifiers.astype(_QUALIFIER, copy=False).tobytes())

    def refuse(self, row: tuple[int, str, str, str], file: str = "") -> None:
        """Record the line, reason, text and detail of a refused row; long texts are cut."""
        line, reason, text, detail = row
        cells = (line, reason, text[:LONGEST_TEXT], detail[:LONGEST_TEXT])
        self._refused.write_row((file, *cells) if self._names_files else cells)

    def finish(self, ids: UInt16[np.ndarray, " code"]) -> None:
        """Write the id of each code, and close all files."""
        stream = self._open(IDS_FILE, "wb")
        self._codes.flush()
        with (self._folder / _CODES_FILE).open("rb") as written:
            while len(codes := np.fromfile(written, _ID, _RENUMBERED_AT_ONCE)):
                stream.write(ids[codes].astype(_ID, copy=False).tobytes())
        self._open_files.close()
        (self._folder / _CODES_FILE).unlink()

    # Any: the stream is of bytes or of text.
    def _open(self, name: str, mode: str) -> IO[Any]:
        encoding, newline = (None, None) if "b" in mode else ("utf-8", "")
        stream = (self._folder / name).open(mode, encoding=encoding, newline=newline)
        self._open_files.enter_context(stream)
        self._open_files.callback(flush_to_disk, stream)
        return stream


@contextmanager
def new_store(folder: Path) -> Iterator[Path]:
    """A draft folder that replaces `folder` once the block has ended without an error.

    Raises:
        FileError: the disk is full, or the place cannot be written to.
    """
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        draft.mkdir(parents=True)
        # Drafts of killed processes; younger ones may still be written.
        for old in folder.parent.glob(f".{folder.name}.*.part"):
            if old.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        yield draft
        _replace(folder, draft)
    except OSError as error:
        raise store_error(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            # Removes an empty folder only: no store was made, and none was there before.
            folder.parent.rmdir()


def store_error(folder: Path, error: OSError) -> FileError:
    """The error of a folder of the token store that cannot be written."""
    return FileError(
        f"could not write the token store {str(folder)!r}: {error.strerror or error}; "
        "free some space or keep it in another folder"
    )


def _replace(folder: Path, draft: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        # Processes that have mapped the old files can read them after they are unlinked.
        old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
        folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


# Any: ids, properties or qualifiers.
def _map_file(path: Path, dtype: np.dtype[Any]) -> Shaped[np.ndarray, " value"]:
    # An empty file cannot be mapped.
    return np.memmap(path, dtype, "r") if path.stat().st_size else np.zeros(0, dtype)


# Any: JSON values.
def _digest(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
