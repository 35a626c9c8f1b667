"""Files of latent vectors (.npz): `EncodedRows` writes them, and `Latents` reads them."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from molvae.dataset.rows import RefusedRow
from molvae.errors import DataError, first_line
from molvae.files import atomic_write

_END_BYTES = 22
_READ = ("mean", "row", "mark", "columns", "cells")
"""Arrays that are read from a npz file."""


@dataclass(frozen=True)
class EncodedRows:
    """The posteriors of a file's molecules, in its order."""

    smiles: tuple[str, ...]
    """Canonical, after cleaning."""
    rows: Int64[np.ndarray, " molecule"]
    """Line of the file of each molecule."""
    mean: Float32[np.ndarray, "molecule latent"]
    deviation: Float32[np.ndarray, "molecule latent"]
    refused: tuple[RefusedRow, ...]
    mark: str
    """Digest of the model that encoded them, see `latents_digest`."""
    further: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Further columns of the file, by name."""
    exact: tuple[int, ...] | None = None
    """1 for each molecule that the model gives back, 0 for the others; None: not checked."""
    bits: Mapping[str, Float64[np.ndarray, " molecule"]] = field(default_factory=dict)
    """Code length of each molecule in bits, by the name of the code."""

    def write(self, path: Path) -> None:
        """Write a npz file with the arrays of this class.

        They are `smiles`, `row`, `mean`, `deviation` and `mark`; `columns` holds the names of the
        further columns, `cells` their cells, a row per molecule; `exact` is there where it was
        checked, and `bits_CODE` for each code whose lengths were measured.

        Raises:
            FileError: the disk is full, or the place cannot be written to.
        """
        # Any: numpy takes any array by a name, typeshed one argument of its own too.
        checked: dict[str, Any] = {} if self.exact is None else {"exact": np.array(self.exact)}
        checked |= {f"bits_{name}": lengths for name, lengths in self.bits.items()}
        with atomic_write(path, "wb") as stream:
            np.savez(
                stream,
                smiles=np.array(self.smiles, dtype=np.str_),
                row=self.rows,
                mean=self.mean,
                deviation=self.deviation,
                mark=np.array(self.mark),
                columns=np.array(list(self.further), dtype=np.str_),
                cells=np.array(list(self.further.values()), dtype=np.str_).T,
                **checked,
            )


@dataclass(frozen=True)
class Latents:
    """Latent vectors to decode."""

    rows: Int64[np.ndarray, " molecule"]
    """Line of each molecule in its file where it came from one; position from 1 otherwise."""
    latents: Float32[np.ndarray, "molecule latent"]
    further: tuple[Mapping[str, str], ...] = ()
    """Further columns of each molecule, by name; empty where the file has none."""

    @classmethod
    def read(cls, path: Path, latent_size: int, mark: str | None = None) -> "Latents":
        """The latent vectors in a npz file: its array `mean`, and `row` if there is one.

        Args:
            path: file from `molvae encode`, or made by hand.
            latent_size: dimensions of the latent space.
            mark: digest of the model that is to decode them; a file without a digest passes.

        Raises:
            DataError: no such file, another kind of file, or another latent space.
        """
        arrays = _arrays(path)
        latents, rows = arrays["mean"], arrays.get("row")
        if latents.ndim != 2 or latents.shape[1] != latent_size or latents.dtype.kind not in "fiu":
            raise DataError(
                f"{str(path)!r}: 'mean' has shape {latents.shape} and type {latents.dtype}; this "
                f"model needs rows of {latent_size} numbers: encode with the same model"
            )
        stored = arrays.get("mark")
        has_mark = stored is not None and stored.shape == () and stored.dtype.kind == "U"
        if mark is not None and has_mark and str(stored) != mark:
            raise DataError(
                f"{str(path)!r} holds latent vectors of another model than the one that is to "
                "decode them; give the one that encoded them (`model`)"
            )
        # What is too large for float32 becomes infinite here, and is refused in the next line.
        with np.errstate(over="ignore"):
            latents = latents.astype(np.float32)
        if not np.isfinite(latents).all():
            raise DataError(f"{str(path)!r}: 'mean' holds NaN or infinity; leave those rows out")
        if rows is None or rows.shape != (len(latents),) or rows.dtype.kind not in "iu":
            rows = np.arange(1, len(latents) + 1)
        columns, cells = arrays.get("columns"), arrays.get("cells")
        further: tuple[Mapping[str, str], ...] = ()
        if columns is not None and cells is not None and cells.shape == (len(rows), len(columns)):
            names = columns.tolist()
            further = tuple(dict(zip(names, map(str, row), strict=True)) for row in cells.tolist())
        return cls(rows.astype(np.int64), latents, further)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a npz file that are read; no code in the file is run."""
    if not path.is_file():
        raise DataError(f"no file {str(path)!r}; expected latents that `molvae encode` wrote")
    if not zipfile.is_zipfile(path):
        raise _no_latents(path, "it is no npz file")
    try:
        with np.load(path, allow_pickle=False) as loaded, zipfile.ZipFile(path) as archive:
            _check_members(archive, path.read_bytes()[-_END_BYTES:])
            arrays = {name: loaded[name] for name in _READ if name in loaded.files}
    # A locked or oddly packed member is a RuntimeError to zipfile.
    except (ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise _no_latents(path, first_line(error) if str(error) else "cut short") from None
    if "mean" not in arrays:
        raise _no_latents(path, "it has no array 'mean'")
    # numpy gives the bytes of a member that is none.
    if others := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise _no_latents(path, f"{', '.join(map(repr, others))} is no array")
    return arrays


def _check_members(archive: zipfile.ZipFile, end: bytes) -> None:
    """Check that all members are listed under their names: others would be missing in silence.

    Raises:
        zipfile.BadZipFile: they are not.
    """
    # The end of an archive without a comment holds the number of its members.
    names = archive.namelist()
    if end.startswith(b"PK\5\6") and int.from_bytes(end[10:12], "little") != len(names):
        raise zipfile.BadZipFile("members are missing")
    for name in names:
        # Compares the name with that before the content.
        archive.open(name).close()


def _no_latents(path: Path, reason: str) -> DataError:
    return DataError(
        f"{str(path)!r} holds no readable latents ({reason}); "
        "expected a file that `molvae encode` wrote"
    )
