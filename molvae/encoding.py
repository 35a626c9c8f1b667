"""Files of molecules to latent vectors and back: encode, decode, reconstruct; npz files."""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies
from molvae.chem.refusal import Refusal, none_if_refused
from molvae.closest import decode_closest
from molvae.dataset.names import join_columns
from molvae.dataset.rows import AcceptedRow, RefusedRow
from molvae.errors import DataError
from molvae.files import TableWriter, atomic_write
from molvae.model.decoding_config import DecodingConfig
from molvae.model_card import latents_digest
from molvae.molecule_vae import MoleculeVAE

Rows = Iterable[Sequence[AcceptedRow | RefusedRow]]
"""Rows of a file, some hundred at a time, as `read_rows` gives them."""

_LONGEST_TEXT = 200

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
        if mark is not None and _mark_in(arrays) not in (None, mark):
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
        return cls(rows.astype(np.int64), latents, _further_in(arrays, len(latents)))


@dataclass(frozen=True)
class RowTable:
    """A table with a row per molecule, and the rows that were refused."""

    # Any: numbers, texts or arrays.
    columns: Mapping[str, Sequence[Any]]
    """The columns computed; then those of the file."""
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True)
class Reconstruction:
    """A molecule, and the molecule that its posterior mean decodes to."""

    line: int
    smiles: str
    reconstructed: str | None
    """None: the posterior mean decodes to no molecule."""

    @property
    def is_exact(self) -> bool:
        return self.smiles == self.reconstructed


def encode_rows(model: MoleculeVAE, rows: Rows, *, check: bool = False) -> EncodedRows:
    """The posterior of the molecule in each row, duplicates included.

    Args:
        model: model that encodes.
        rows: rows of a file.
        check: whether to decode each posterior mean, to see which molecules come back.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """

    def posteriors(accepted: Sequence[AcceptedRow]) -> dict[str, Any]:
        mean, deviation = model.posterior([row.selfies for row in accepted])
        columns = {"mean": mean, "deviation": deviation}
        return {**columns, "exact": exact_flags(model, accepted, mean)} if check else columns

    accepted, columns, refused = _measure(model, rows, posteriors)
    return EncodedRows(
        smiles=tuple(row.smiles for row in accepted),
        rows=np.array([row.line for row in accepted], np.int64),
        mean=np.stack(columns["mean"]),
        deviation=np.stack(columns["deviation"]),
        refused=tuple(refused),
        mark=latents_digest(model.vocabulary, model.network),
        further=join_columns({}, [row.further for row in accepted]),
        exact=tuple(columns["exact"]) if check else None,
    )


def tabulate_reconstructions(model: MoleculeVAE, rows: Rows, candidates: int = 0) -> RowTable:
    """Each molecule after encoding and decoding, beside the molecule itself.

    Columns: `smiles`, `reconstructed` (empty where nothing came back), `exact` (0 or 1), `row`.

    Args:
        model: model that encodes and decodes.
        rows: rows of a file.
        candidates: see `decode_closest`; 0 decodes greedily.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """

    def reconstructions(accepted: Sequence[AcceptedRow]) -> dict[str, Any]:
        mean, _ = model.posterior([row.selfies for row in accepted])
        closest = decode_closest(model, mean, candidates)
        decoded = [molecule.smiles if molecule else "" for molecule in closest]
        exact = [int(row.smiles == back) for row, back in zip(accepted, decoded, strict=True)]
        return {"reconstructed": decoded, "exact": exact}

    return tabulate(model, rows, reconstructions)


def tabulate_predictions(model: MoleculeVAE, rows: Rows) -> RowTable:
    """The property head's predictions for the molecule in each row.

    Columns: `smiles`, the properties of the model, `row`.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
        ModelError: the model was trained without property columns.
    """
    # Before a long file is read.
    model.predict(np.zeros((1, model.latent_size), np.float32))

    def predictions(accepted: Sequence[AcceptedRow]) -> dict[str, Any]:
        mean, _ = model.posterior([row.selfies for row in accepted])
        values = model.predict(mean).T.tolist()
        return dict(zip(model.property_names, values, strict=True))

    return tabulate(model, rows, predictions)


def reconstruct_rows(
    model: MoleculeVAE, rows: Rows
) -> tuple[list[Reconstruction], list[RefusedRow]]:
    """The molecule in each row after encoding and greedy decoding, and the refused rows.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """
    table = tabulate_reconstructions(model, rows)
    columns = (table.columns[name] for name in ("row", "smiles", "reconstructed"))
    return [
        Reconstruction(line, smiles, back or None)
        for line, smiles, back in zip(*columns, strict=True)
    ], list(table.refused)


def decode_latents(
    model: MoleculeVAE,
    latents: Float32[np.ndarray, "point latent"],
    config: DecodingConfig,
    seed: int = 0,
    *,
    progress: bool = False,
) -> Iterator[Molecule | None]:
    """The molecule of each latent vector; None where it decodes to none."""
    selfies_rows = model.decode_symbols(latents, config, seed)
    for selfies in tqdm(selfies_rows, total=len(latents), unit=" molecules", disable=not progress):
        yield none_if_refused(from_selfies, selfies)


# Any: texts or numbers.
def tabulate_decoded(
    molecules: Iterable[Molecule | None], latents: Latents
) -> dict[str, Sequence[Any]]:
    """The molecules that latent vectors decode to, with their rows and further columns.

    Latent vectors that decode to no molecule are left out.
    """
    decoded = [
        (molecule.smiles, index) for index, molecule in enumerate(molecules) if molecule is not None
    ]
    # Any: texts or numbers.
    columns: dict[str, Sequence[Any]] = {
        "smiles": [smiles for smiles, _ in decoded],
        "row": [int(latents.rows[index]) for _, index in decoded],
    }
    further = [latents.further[index] for _, index in decoded] if latents.further else []
    return join_columns(columns, further)


def write_refused(path: Path, refused: Sequence[RefusedRow]) -> None:
    """A CSV of refused rows: line, reason, text and detail.

    Raises:
        FileError: the disk is full, or the place cannot be written to.
    """
    with atomic_write(path) as stream:
        writer = TableWriter(stream)
        writer.write_row(["line", "reason", "text", "detail"])
        for row in refused:
            writer.write_row([row.line, row.reason, row.text[:_LONGEST_TEXT], row.detail])


# Any: numbers, texts or arrays, here and below.
def tabulate(
    model: MoleculeVAE,
    rows: Rows,
    measure: Callable[[Sequence[AcceptedRow]], Mapping[str, Sequence[Any]]],
) -> RowTable:
    """A table of what is measured of the molecule in each row.

    Columns: `smiles`, those that `measure` gives, `row`, then the further columns of the file.

    Args:
        model: model whose symbols the molecules must have.
        rows: rows of a file.
        measure: columns of the accepted rows, some hundred at a time.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """
    accepted, columns, refused = _measure(model, rows, measure)
    own = {
        "smiles": [row.smiles for row in accepted],
        **columns,
        "row": [row.line for row in accepted],
    }
    return RowTable(join_columns(own, [row.further for row in accepted]), tuple(refused))


def _measure(
    model: MoleculeVAE,
    rows: Rows,
    measure: Callable[[Sequence[AcceptedRow]], Mapping[str, Sequence[Any]]],
) -> tuple[list[AcceptedRow], dict[str, list[Any]], list[RefusedRow]]:
    """The rows that the model can encode, what is measured of them, and all other rows."""
    accepted: list[AcceptedRow] = []
    columns: dict[str, list[Any]] = {}
    refused: list[RefusedRow] = []
    for chunk in rows:
        checked = [_check_symbols(model, row) for row in chunk]
        fitting = [row for row in checked if isinstance(row, AcceptedRow)]
        refused += [row for row in checked if isinstance(row, RefusedRow)]
        if not fitting:
            continue
        accepted += fitting
        for name, cells in measure(fitting).items():
            columns.setdefault(name, []).extend(cells)
    if not accepted:
        raise _no_molecule(refused)
    return accepted, columns, refused


def exact_flags(
    model: MoleculeVAE,
    accepted: Sequence[AcceptedRow],
    mean: Float32[np.ndarray, "molecule latent"],
) -> list[int]:
    """1 for each molecule that greedy decoding gives back, 0 for the others."""
    return [
        int(molecule is not None and molecule.smiles == row.smiles)
        for row, molecule in zip(accepted, model.decode(mean), strict=True)
    ]


def _check_symbols(model: MoleculeVAE, row: AcceptedRow | RefusedRow) -> AcceptedRow | RefusedRow:
    if isinstance(row, RefusedRow):
        return row
    unknown = sorted({symbol for symbol in row.selfies if symbol not in model.vocabulary})
    if not unknown:
        return row
    detail = f"this model has no symbol {', '.join(unknown)}"
    return RefusedRow(row.line, Refusal.UNKNOWN_SYMBOL, row.smiles, detail)


def _no_molecule(refused: Sequence[RefusedRow]) -> DataError:
    examples = "".join(
        f"; line {row.line}: {row.reason} ({row.text[:60]!r})" for row in refused[:1]
    )
    return DataError(
        f"no molecule that this model can read in {len(refused)} rows{examples}; "
        "check the file, or name the column with `smiles_column`"
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a npz file that are read; no code in the file is run."""
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
    """The digest of the model in the file; None where there is none."""
    mark = arrays.get("mark")
    is_mark = mark is not None and mark.shape == () and mark.dtype.kind == "U"
    return str(mark) if is_mark else None


def _further_in(arrays: Mapping[str, np.ndarray], count: int) -> tuple[Mapping[str, str], ...]:
    """The further columns of each molecule in the file."""
    columns, cells = arrays.get("columns"), arrays.get("cells")
    if columns is None or cells is None or cells.shape != (count, len(columns)):
        return ()
    names = columns.tolist()
    return tuple(dict(zip(names, map(str, row), strict=True)) for row in cells.tolist())


def _no_latents(path: Path, reason: str) -> DataError:
    return DataError(
        f"{str(path)!r} holds no readable latents ({reason}); "
        "expected a file that `molvae encode` wrote"
    )
