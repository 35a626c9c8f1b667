"""Duplicates among any number of molecules, found by their hashes in bounded memory.

The hashes are spread over files by their first bits, so that equal ones meet in one file. The files
are sorted one by one, and the duplicates found are spread over further files by their positions.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped, UInt8

HASHES_TOGETHER = 1 << 22
"""Hashes that are sorted at a time, which takes about 300 MiB."""
_MOST_FILES = 256
_HASH = np.dtype([("high", "<u8"), ("low", "<u8"), ("position", "<i8")])
_DUPLICATE = np.dtype([("position", "<i8"), ("first", "<i8")])


class Duplicates:
    """Positions of molecules that an earlier position holds, and that first position.

    Args:
        identities: hashes of 16 bytes of all molecules in order, some at a time.
        n: number of molecules.
        folder: an empty folder for temporary files.
        together: number of hashes that are sorted at a time; more for over 10^9 molecules.
    """

    def __init__(
        self,
        identities: Iterable[UInt8[np.ndarray, "_ byte"]],
        n: int,
        folder: Path,
        together: int = HASHES_TOGETHER,
    ) -> None:
        count = min(_MOST_FILES, n // together + 1)
        self._width = n // count + 1
        hashes = _Partitions(folder, "hashes", count, _HASH)
        position = 0
        for chunk in identities:
            records = np.empty(len(chunk), _HASH)
            halves = np.ascontiguousarray(chunk).view("<u8").reshape(-1, 2)
            records["high"], records["low"] = halves[:, 0], halves[:, 1]
            records["position"] = np.arange(position, position + len(chunk))
            position += len(chunk)
            hashes.append(records, chunk[:, 0].astype(np.int64) * count // 256)
        self._duplicates = _Partitions(folder, "duplicates", count, _DUPLICATE)
        for index in range(count):
            records = _duplicates(hashes.pop(index))
            self._duplicates.append(records, records["position"] // self._width)
        self._index = -1
        self._current = np.empty(0, _DUPLICATE)

    def between(
        self, begin: int, end: int
    ) -> tuple[Int64[np.ndarray, " duplicate"], Int64[np.ndarray, " duplicate"]]:
        """The duplicates at positions from `begin` to before `end`, and their first positions.

        Fast if the ranges are asked for in order.
        """
        pieces = [np.empty(0, _DUPLICATE)]
        for index in range(begin // self._width, max(begin, end - 1) // self._width + 1):
            if index != self._index:
                records = self._duplicates.read(index)
                self._index, self._current = index, records[np.argsort(records["position"])]
            bounds = np.searchsorted(self._current["position"], [begin, end])
            pieces.append(self._current[bounds[0] : bounds[1]])
        records = np.concatenate(pieces)
        return records["position"].copy(), records["first"].copy()


# Any: a structured type.
class _Partitions:
    """Records in numbered files, each of which is small enough to be read whole."""

    def __init__(self, folder: Path, name: str, count: int, dtype: np.dtype[Any]) -> None:
        self._paths = [folder / f"{name}.{index:03}" for index in range(count)]
        self._dtype = dtype

    def append(
        self, records: Shaped[np.ndarray, " record"], numbers: Int64[np.ndarray, " record"]
    ) -> None:
        """Add each record to the file of its number."""
        order = np.argsort(numbers, kind="stable")
        files, begins = np.unique(numbers[order], return_index=True)
        for file, group in zip(files.tolist(), np.split(order, begins[1:]), strict=False):
            with self._paths[file].open("ab") as stream:
                stream.write(records[group].tobytes())

    def read(self, number: int) -> Shaped[np.ndarray, " record"]:
        """The records of a file in the order they came."""
        path = self._paths[number]
        return np.fromfile(path, self._dtype) if path.exists() else np.empty(0, self._dtype)

    def pop(self, number: int) -> Shaped[np.ndarray, " record"]:
        """The records of a file, which is removed."""
        records = self.read(number)
        self._paths[number].unlink(missing_ok=True)
        return records


def _duplicates(records: Shaped[np.ndarray, " record"]) -> Shaped[np.ndarray, " duplicate"]:
    """The positions of all but the first of equal hashes, each with the first."""
    # Stable, and the records come in the order of positions.
    order = np.lexsort((records["low"], records["high"]))
    high, low = records["high"][order], records["low"][order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    positions = records["position"][order]
    firsts = positions[is_first][np.cumsum(is_first) - 1] if len(order) else positions
    duplicates = np.empty(int((~is_first).sum()), _DUPLICATE)
    duplicates["position"], duplicates["first"] = positions[~is_first], firsts[~is_first]
    return duplicates
