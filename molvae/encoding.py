"""Files of molecules to points and back: encode, decode, reconstruct; latents on disk as npz."""

import csv
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies
from molvae.chem.refusal import Refusal
from molvae.dataset.rows import AcceptedRow, RefusedRow
from molvae.errors import DataError, MoleculeError
from molvae.files import atomic_write
from molvae.model.decoding_config import DecodingConfig
from molvae.model_card import latents_digest
from molvae.molecule_vae import MoleculeVAE

Rows = Iterable[Sequence[AcceptedRow | RefusedRow]]
"""Rows of a file, some hundred at a time, as `read_rows` gives them."""

_READ = ("mean", "row", "mark")
"""Arrays of a npz file that matter."""


@dataclass(frozen=True)
class EncodedRows:
    """The posteriors of a file's molecules, in its order."""

    smiles: tuple[str, ...]
    """Canonical, after cleaning."""
    rows: Int64[np.ndarray, " molecule"]
    """The line of the file that each molecule stood on."""
    mean: Float32[np.ndarray, "molecule latent"]
    deviation: Float32[np.ndarray, "molecule latent"]
    refused: tuple[RefusedRow, ...]
    mark: str
    """Of the model that encoded them, see `latents_digest`."""

    def write(self, path: Path) -> None:
        """Write arrays `smiles`, `row`, `mean` and `deviation`, and the `mark`, as npz.

        Raises:
            FileError: the disk is full, or the place cannot be written to.
        """
        with atomic_write(path, "wb") as stream:
            np.savez(
                stream,
                smiles=np.array(self.smiles, dtype=np.str_),
                row=self.rows,
                mean=self.mean,
                deviation=self.deviation,
                mark=np.array(self.mark),
            )


@dataclass(frozen=True)
class Latents:
    """Points to decode."""

    rows: Int64[np.ndarray, " point"]
    """The line of the molecules' file, where there was one; else the place, from 1."""
    latents: Float32[np.ndarray, "point latent"]

    @classmethod
    def read(cls, path: Path, latent_size: int, mark: str | None = None) -> "Latents":
        """The points in a npz file: its array `mean`, and `row` if there is one.

        Args:
            path: what was written by `molvae encode` or by hand.
            latent_size: dimensions of a point.
            mark: that of the model which is to decode them; a file without one is let pass.

        Raises:
            DataError: no such file, another kind of file, or points of another space.
        """
        arrays = _arrays(path)
        latents, rows = arrays["mean"], arrays.get("row")
        if latents.ndim != 2 or latents.shape[1] != latent_size or latents.dtype.kind not in "fiu":
            raise DataError(
                f"{str(path)!r}: 'mean' has shape {latents.shape} and type {latents.dtype}; this "
                f"model's points are rows of {latent_size} numbers: encode with the same model"
            )
        if mark is not None and _mark_in(arrays) not in (None, mark):
            raise DataError(
                f"{str(path)!r} holds codes of another model than the one that is to decode them; "
                "give the one that encoded them (`model`)"
            )
        # What is too large for float32 becomes infinite here, which is told in the next line.
        with np.errstate(over="ignore"):
            latents = latents.astype(np.float32)
        if not np.isfinite(latents).all():
            raise DataError(f"{str(path)!r}: 'mean' holds NaN or infinity; leave those rows out")
        if rows is None or rows.shape != (len(latents),) or rows.dtype.kind not in "iu":
            rows = np.arange(1, len(latents) + 1)
        return cls(rows.astype(np.int64), latents)


@dataclass(frozen=True)
class Reconstruction:
    """A molecule and what became of it by way of its posterior mean."""

    line: int
    smiles: str
    reconstructed: str | None
    """None: the symbols spell no molecule."""

    @property
    def is_exact(self) -> bool:
        return self.smiles == self.reconstructed


@dataclass(frozen=True)
class Likelihood:
    """How likely a model takes a molecule to be."""

    line: int
    smiles: str
    log_likelihood: float
    """Log p(spelling) under the learned prior's language model, in nats."""
    symbols: int
    """Of the spelling, which the likelihood is that of, its end included."""
    log_density: float
    """Of the posterior mean under the learned prior, in nats: a lower bound."""


def encode_rows(model: MoleculeVAE, rows: Rows) -> EncodedRows:
    """The posterior of every row's molecule, duplicates included.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """
    lines: list[int] = []
    smiles: list[str] = []
    posteriors: list[tuple[np.ndarray, np.ndarray]] = []
    refused: list[RefusedRow] = []
    for accepted in _fitting(model, rows, refused):
        lines += [row.line for row in accepted]
        smiles += [row.smiles for row in accepted]
        posteriors.append(model.posterior([row.selfies for row in accepted]))
    _check_any(posteriors, refused)
    mean, deviation = (np.concatenate(parts) for parts in zip(*posteriors, strict=True))
    return EncodedRows(
        smiles=tuple(smiles),
        rows=np.array(lines, np.int64),
        mean=mean,
        deviation=deviation,
        refused=tuple(refused),
        mark=latents_digest(model.vocabulary, model.network),
    )


def reconstruct_rows(
    model: MoleculeVAE, rows: Rows
) -> tuple[list[Reconstruction], list[RefusedRow]]:
    """Every row's molecule after encoding and greedy decoding, and the refused rows.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """
    found: list[Reconstruction] = []
    refused: list[RefusedRow] = []
    for accepted in _fitting(model, rows, refused):
        mean, _ = model.posterior([row.selfies for row in accepted])
        for row, molecule in zip(accepted, model.decode(mean), strict=True):
            reconstructed = molecule.smiles if molecule else None
            found.append(Reconstruction(row.line, row.smiles, reconstructed))
    _check_any(found, refused)
    return found, refused


def likelihood_rows(model: MoleculeVAE, rows: Rows) -> tuple[list[Likelihood], list[RefusedRow]]:
    """How likely every row's molecule is, and the refused rows.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
        ModelError: the model has no learned prior.
    """
    found: list[Likelihood] = []
    refused: list[RefusedRow] = []
    for accepted in _fitting(model, rows, refused):
        selfies_rows = [row.selfies for row in accepted]
        nll = model.nll(selfies_rows)
        densities = model.log_density(model.posterior(selfies_rows)[0])
        found += [
            Likelihood(row.line, row.smiles, -float(nats), len(row.selfies) + 1, float(density))
            for row, nats, density in zip(accepted, nll, densities, strict=True)
        ]
    _check_any(found, refused)
    return found, refused


def decode_latents(
    model: MoleculeVAE,
    latents: Float32[np.ndarray, "point latent"],
    config: DecodingConfig,
    seed: int = 0,
    *,
    progress: bool = False,
) -> Iterator[Molecule | None]:
    """The molecule at each point; None where the symbols spell none."""
    selfies_rows = model.decode_symbols(latents, config, seed)
    for selfies in tqdm(selfies_rows, total=len(latents), unit=" points", disable=not progress):
        try:
            yield from_selfies(selfies)
        except MoleculeError:
            yield None


def write_refused(path: Path, refused: Sequence[RefusedRow]) -> None:
    """A CSV of refused rows: line, reason, text and detail.

    Raises:
        FileError: the disk is full, or the place cannot be written to.
    """
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["line", "reason", "text", "detail"])
        writer.writerows([row.line, row.reason, row.text[:200], row.detail] for row in refused)


def _fitting(
    model: MoleculeVAE, rows: Rows, refused: list[RefusedRow]
) -> Iterator[list[AcceptedRow]]:
    """The rows that can be written in the model's symbols; all others are added to `refused`."""
    for part in rows:
        accepted = []
        for row in part:
            judged = _judged(model, row)
            if isinstance(judged, AcceptedRow):
                accepted.append(judged)
            else:
                refused.append(judged)
        if accepted:
            yield accepted


def _judged(model: MoleculeVAE, row: AcceptedRow | RefusedRow) -> AcceptedRow | RefusedRow:
    if isinstance(row, RefusedRow):
        return row
    unknown = sorted({symbol for symbol in row.selfies if symbol not in model.vocabulary})
    if not unknown:
        return row
    detail = f"this model has no symbol {', '.join(unknown)}"
    return RefusedRow(row.line, Refusal.UNKNOWN_SYMBOL, row.smiles, detail)


def _check_any(found: Sequence[object], refused: Sequence[RefusedRow]) -> None:
    if found:
        return
    examples = "".join(
        f"; line {row.line}: {row.reason} ({row.text[:60]!r})" for row in refused[:1]
    )
    raise DataError(
        f"no molecule that this model can read in {len(refused)} rows{examples}; "
        "check the file, or name the column with `smiles_column`"
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a npz file that matter here; nothing in it is run."""
    if not path.is_file():
        raise DataError(f"no file {str(path)!r}; expected latents that `molvae encode` wrote")
    if not zipfile.is_zipfile(path):
        raise _no_latents(path, "it is no npz file")
    try:
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in _READ if name in loaded.files}
    # A locked or oddly packed member is a RuntimeError to zipfile.
    except (ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise _no_latents(path, str(error).splitlines()[0] if str(error) else "cut short") from None
    if "mean" not in arrays:
        raise _no_latents(path, "it has no array 'mean'")
    # numpy gives the bytes of a member that is none.
    if others := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise _no_latents(path, f"{', '.join(map(repr, others))} is no array")
    return arrays


def _mark_in(arrays: Mapping[str, np.ndarray]) -> str | None:
    """The mark that was written with the points; None where there is none."""
    found = arrays.get("mark")
    is_mark = found is not None and found.shape == () and found.dtype.kind == "U"
    return str(found) if is_mark else None


def _no_latents(path: Path, reason: str) -> DataError:
    return DataError(
        f"{str(path)!r} holds no readable latents ({reason}); "
        "expected a file that `molvae encode` wrote"
    )
