"""A cache on disk of the statistics of reference sets."""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from molvae.dataset.changed import ChangeCount
from molvae.errors import FileError
from molvae.files import atomic_write, check_writable
from molvae.metrics.chemnet import Gaussian
from molvae.metrics.description import PROPERTIES, Description, MoleculeSet
from molvae.runs import package_version

_FORMAT = "2"
_PACKAGES = ("rdkit", "fcd_torch")
_SET = ("smiles", "bits", "changed", "fragments", "scaffolds", *PROPERTIES)
_GAUSSIAN = ("mean", "covariance")
"""Names of the arrays of a description, and of statistics by ChemNet."""

# Any shape and dtype: the arrays of a file.
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class StatisticsCache:
    """A folder of statistics, keyed by the set and the versions of the packages behind them."""

    folder: Path | None
    """Folder of the files; None turns the cache off."""

    def check(self) -> None:
        """Check that statistics can be stored, before they are computed.

        Raises:
            FileError: no file can be written there.
        """
        if self.folder is not None:
            check_writable(self.folder / "statistics.npz")

    def description(
        self, texts: Sequence[str], make: Callable[[Sequence[str]], Description]
    ) -> Description:
        """The stored description of a set, or a new one that is stored.

        Raises:
            FileError: a stored file is damaged, or cannot be written.
        """
        arrays = self._load_or_make("set", texts, _SET, lambda: _from_description(make(texts)))
        changed = ChangeCount.from_json(_from_bytes(arrays["changed"]))
        return Description(
            MoleculeSet(_from_bytes(arrays["smiles"]), arrays["bits"], changed),
            {name: arrays[name] for name in PROPERTIES},
            Counter(_from_bytes(arrays["fragments"])),
            Counter(_from_bytes(arrays["scaffolds"])),
        )

    def gaussian(
        self, smiles: Sequence[str], make: Callable[[Sequence[str]], Gaussian | None]
    ) -> Gaussian | None:
        """The stored ChemNet statistics of a set, or new ones that are stored."""

        def make_arrays() -> Arrays:
            gaussian = make(smiles)
            return {"mean": gaussian.mean, "covariance": gaussian.covariance} if gaussian else {}

        arrays = self._load_or_make("chemnet", smiles, _GAUSSIAN, make_arrays)
        return Gaussian(arrays["mean"], arrays["covariance"]) if arrays else None

    def _load_or_make(
        self, kind: str, texts: Sequence[str], names: Sequence[str], make: Callable[[], Arrays]
    ) -> Arrays:
        if self.folder is None:
            return make()
        versions = [package_version(name) or "none" for name in _PACKAGES]
        digest = hashlib.sha256(" ".join([_FORMAT, *versions]).encode())
        for text in texts:
            digest.update(f"\n{text}".encode())
        path = self.folder / f"{kind}-{digest.hexdigest()[:32]}.npz"
        if path.is_file():
            return _read(path, names)
        arrays = make()
        with atomic_write(path, "wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        return arrays


def _read(path: Path, names: Sequence[str]) -> Arrays:
    """The arrays of a stored file, which must have these names."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
    # A member that is locked or packed in another way is a RuntimeError to zipfile.
    except (OSError, ValueError, EOFError, RuntimeError, BadZipFile, zlib.error) as error:
        raise FileError(f"{str(path)!r} is damaged ({error}); delete it") from None
    # Without ChemNet there are no statistics.
    is_whole = arrays.keys() == {*names} or (names == _GAUSSIAN and not arrays)
    if not is_whole or not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise FileError(f"{str(path)!r} is damaged (it holds other arrays); delete it")
    return arrays


def _from_description(description: Description) -> Arrays:
    return {
        "smiles": _to_bytes(description.molecules.smiles),
        "bits": description.molecules.bits,
        "changed": _to_bytes(description.molecules.changed.to_json()),
        "fragments": _to_bytes(description.fragments),
        "scaffolds": _to_bytes(description.scaffolds),
        **description.values,
    }


# Any: JSON values, as bytes: lists and tables of texts of any length without pickle.
def _to_bytes(value: list[str] | Mapping[str, Any]) -> np.ndarray:
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


# Any JSON value.
def _from_bytes(array: np.ndarray):  # type: ignore[no-untyped-def]
    return json.loads(array.tobytes())
