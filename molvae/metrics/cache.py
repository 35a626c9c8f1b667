"""A cache on disk of the statistics of reference sets."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from molvae.errors import FileError
from molvae.files import atomic_write, check_writable
from molvae.metrics.chemnet import Gaussian
from molvae.metrics.description import PROPERTIES, Description, MoleculeSet
from molvae.runs import package_version

_FORMAT = "1"
_PACKAGES = ("rdkit", "fcd_torch")

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
        arrays = self._load_or_make("set", texts, lambda: _from_description(make(texts)))
        return Description(
            MoleculeSet(_from_bytes(arrays["smiles"]), arrays["bits"]),
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

        arrays = self._load_or_make("chemnet", smiles, make_arrays)
        return Gaussian(arrays["mean"], arrays["covariance"]) if arrays else None

    def _load_or_make(self, kind: str, texts: Sequence[str], make: Callable[[], Arrays]) -> Arrays:
        if self.folder is None:
            return make()
        versions = [package_version(name) or "none" for name in _PACKAGES]
        digest = hashlib.sha256(" ".join([_FORMAT, *versions]).encode())
        for text in texts:
            digest.update(f"\n{text}".encode())
        path = self.folder / f"{kind}-{digest.hexdigest()[:32]}.npz"
        if path.is_file():
            try:
                with path.open("rb") as stored, np.load(stored, allow_pickle=False) as file:
                    return dict(file)
            except (OSError, ValueError, EOFError, BadZipFile) as error:
                raise FileError(f"{str(path)!r} is damaged ({error}); delete it") from None
        arrays = make()
        with atomic_write(path, "wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        return arrays


def _from_description(description: Description) -> Arrays:
    return {
        "smiles": _to_bytes(description.molecules.smiles),
        "bits": description.molecules.bits,
        "fragments": _to_bytes(description.fragments),
        "scaffolds": _to_bytes(description.scaffolds),
        **description.values,
    }


# JSON as bytes: lists and tables of texts of any length without pickle.
def _to_bytes(value: list[str] | Mapping[str, int]) -> np.ndarray:
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


# Any JSON value.
def _from_bytes(array: np.ndarray):  # type: ignore[no-untyped-def]
    return json.loads(array.tobytes())
