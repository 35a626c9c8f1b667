"""Molecules as ids of another vocabulary: in memory, or in memory-mapped files if they are many.

The processes of a training on one machine share the pages of the files.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from filelock import FileLock
from jaxtyping import Int32, Int64, UInt16

from molvae.dataset.store import StoredArrays, store_error
from molvae.errors import FileError
from molvae.files import read_json, sha256, write_json
from molvae.special_ids import END, PAD, START
from molvae.vocabulary import Vocabulary

IDS_IN_MEMORY = 1 << 25
"""Ids of a corpus up to which they are translated in memory, which takes seconds."""

_TOGETHER = 50_000
_ID, _LENGTH = np.dtype("<u2"), np.dtype("<i4")

IdArray = UInt16[np.ndarray, " id"]
LengthArray = Int32[np.ndarray, " molecule"]


def recode(
    ids: UInt16[np.ndarray, " id"],
    lengths: Int32[np.ndarray, " molecule"],
    stored: Sequence[str],
    vocabulary: Vocabulary,
) -> tuple[UInt16[np.ndarray, " new_id"], Int32[np.ndarray, " molecule"]]:
    """Molecules of a store as ids of another vocabulary, and the number of ids of each.

    Args:
        ids: one per symbol, of all molecules one after the other.
        lengths: number of ids of each molecule.
        stored: the symbols of the store.
        vocabulary: the other vocabulary, which has all of them.
    """
    if not vocabulary.merges:
        table = np.array([PAD, START, END, *vocabulary.encode(stored)], dtype=np.uint16)
        return table[ids], lengths
    rows = list(_merge_chunks(ids, lengths, stored, vocabulary))
    if not rows:
        return np.asarray(ids), np.asarray(lengths)
    new_ids, new_lengths = map(np.concatenate, zip(*rows, strict=True))
    return new_ids, new_lengths


def recode_on_disk(
    folder: Path, arrays: StoredArrays, stored: Sequence[str], vocabulary: Vocabulary
) -> tuple[UInt16[np.ndarray, " new_id"], Int32[np.ndarray, " molecule"]]:
    """As `recode`, kept in the folder of the store and memory-mapped if there are many ids.

    Raises:
        FileError: the folder cannot be written to.
    """
    if len(arrays.ids) <= IDS_IN_MEMORY:
        return recode(arrays.ids, arrays.lengths, stored, vocabulary)
    text = json.dumps([list(stored), vocabulary.to_json()], sort_keys=True)
    name = f"tokens-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    record, *paths = (folder / f"{name}{end}" for end in (".json", ".ids.bin", ".lengths.bin"))
    # The processes of a training come here together; the others use what the first has written.
    with _lock(folder / f"{name}.lock"):
        if not _is_intact(record, paths):
            chunks = _merge_chunks(arrays.ids, arrays.lengths, stored, vocabulary)
            _write(paths, chunks)
            write_json(record, {path.name: sha256(path) for path in paths})
    return np.memmap(paths[0], _ID, "r"), np.memmap(paths[1], _LENGTH, "r")


def molecule_spans(
    ends: Int64[np.ndarray, " molecule"],
) -> Iterator[tuple[int, Int64[np.ndarray, " bound"]]]:
    """Some thousand molecules at a time: the first, and where each begins and the last one ends.

    Args:
        ends: position after the last id of each molecule of a corpus.
    """
    for begin in range(0, len(ends), _TOGETHER):
        start = ends[begin - 1] if begin else 0
        yield begin, np.concatenate([[start], ends[begin:][:_TOGETHER]])


def _merge_chunks(
    ids: UInt16[np.ndarray, " id"],
    lengths: Int32[np.ndarray, " molecule"],
    stored: Sequence[str],
    vocabulary: Vocabulary,
) -> Iterator[tuple[UInt16[np.ndarray, " new_id"], Int32[np.ndarray, " chunk"]]]:
    """Ids and lengths of some thousand molecules at a time in a vocabulary with merges."""
    characters = np.array(
        [0] * END + [0, *(ord(vocabulary.character(symbol)) for symbol in stored)], dtype="<u4"
    )
    for _, bounds in molecule_spans(np.cumsum(lengths, dtype=np.int64)):
        text = characters[ids[bounds[0] : bounds[-1]]].tobytes().decode("utf-32-le")
        cuts = (bounds - bounds[0]).tolist()
        texts = [text[left:right] for left, right in pairwise(cuts)]
        encoded = vocabulary.encode_texts(texts)
        yield (
            np.fromiter(chain.from_iterable(encoded), dtype=np.uint16),
            np.array([*map(len, encoded)], dtype=np.int32),
        )


def _is_intact(record: Path, paths: Sequence[Path]) -> bool:
    try:
        return bool(read_json(record) == {path.name: sha256(path) for path in paths})
    except (FileError, OSError):
        return False


def _write(paths: Sequence[Path], chunks: Iterator[tuple[np.ndarray, np.ndarray]]) -> None:
    drafts = [path.with_suffix(f".{os.getpid()}.part") for path in paths]
    try:
        with drafts[0].open("wb") as ids, drafts[1].open("wb") as lengths:
            for new_ids, new_lengths in chunks:
                ids.write(new_ids.astype(_ID, copy=False).tobytes())
                lengths.write(new_lengths.astype(_LENGTH, copy=False).tobytes())
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    except OSError as error:
        raise store_error(paths[0], error) from error


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Keep other processes out; file systems without locks let them in, to write the same."""
    lock = FileLock(path)
    with suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
