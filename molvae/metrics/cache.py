"""Statistics of reference sets, kept between evaluations."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from molvae.errors import FileError
from molvae.files import atomic_write, check_writable
from molvae.metrics.chemnet import Gaussian
from molvae.metrics.description import PROPERTIES, Description, Fingerprinted

_FORMAT = "1"
_PACKAGES = ("rdkit", "fcd_torch")

# Any shape and dtype: the arrays of a file.
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class StatisticsCache:
    """A folder of statistics, by the content of the set and the versions they were made with."""

    folder: Path | None
    """None keeps nothing."""

    def check(self) -> None:
        """See that statistics can be kept, before they are made.

        Raises:
            FileError: no file can be written there.
        """
        if self.folder is not None:
            check_writable(self.folder / "statistics.npz")

    def description(
        self, texts: Sequence[str], make: Callable[[Sequence[str]], Description]
    ) -> Description:
        """The description of a set, made unless it is kept already.

        Raises:
            FileError: a kept file is damaged, or none can be written.
        """
        return _to_description(
            self._kept("set", texts, lambda: _from_description(make(texts))),
        )

    def gaussian(
        self, smiles: Sequence[str], make: Callable[[Sequence[str]], Gaussian | None]
    ) -> Gaussian | None:
        """ChemNet's answers to a set, likewise."""
        arrays = self._kept("chemnet", smiles, lambda: _from_gaussian(make(smiles)))
        return Gaussian(arrays["mean"], arrays["covariance"]) if arrays else None

    def _kept(self, kind: str, texts: Sequence[str], make: Callable[[], Arrays]) -> Arrays:
        if self.folder is None:
            return make()
        path = self.folder / f"{kind}-{_key(texts)}.npz"
        if path.is_file():
            return _read(path)
        arrays = make()
        with atomic_write(path, "wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        return arrays


def _key(texts: Sequence[str]) -> str:
    digest = hashlib.sha256(" ".join([_FORMAT, *map(_version, _PACKAGES)]).encode())
    for text in texts:
        digest.update(f"\n{text}".encode())
    return digest.hexdigest()[:32]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _read(path: Path) -> Arrays:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise FileError(f"{str(path)!r} is damaged ({error}); delete it") from None


def _from_description(description: Description) -> Arrays:
    return {
        "smiles": _packed(description.molecules.smiles),
        "bits": description.molecules.bits,
        "fragments": _packed(description.fragments),
        "scaffolds": _packed(description.scaffolds),
        **description.values,
    }


def _to_description(arrays: Arrays) -> Description:
    return Description(
        Fingerprinted(_unpacked(arrays["smiles"]), arrays["bits"]),
        {name: arrays[name] for name in PROPERTIES},
        Counter(_unpacked(arrays["fragments"])),
        Counter(_unpacked(arrays["scaffolds"])),
    )


def _from_gaussian(gaussian: Gaussian | None) -> Arrays:
    return {} if gaussian is None else {"mean": gaussian.mean, "covariance": gaussian.covariance}


# JSON in an array of bytes: lists and tables of texts of any length, and no pickle.
def _packed(value: list[str] | Mapping[str, int]) -> np.ndarray:
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


# Any JSON: what was packed.
def _unpacked(array: np.ndarray):  # type: ignore[no-untyped-def]
    return json.loads(array.tobytes())
