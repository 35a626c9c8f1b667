"""Files of molecules to latent vectors and back: encode, decode, reconstruct."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies
from molvae.chem.refusal import Refusal, none_if_refused
from molvae.closest import decode_closest
from molvae.dataset.names import join_columns
from molvae.dataset.rows import AcceptedRow, RefusedRow
from molvae.errors import ConfigError, DataError
from molvae.files import TableWriter, atomic_write
from molvae.latents_file import EncodedRows, Latents
from molvae.model.decoding_config import DecodingConfig
from molvae.model_card import latents_digest
from molvae.molecule_vae import MoleculeVAE

Rows = Iterable[Sequence[AcceptedRow | RefusedRow]]
"""Rows of a file, some hundred at a time, as `read_rows` gives them."""

_LONGEST_TEXT = 200


@dataclass(frozen=True)
class RowTable:
    """A table with a row per molecule, and the rows that were refused."""

    # Any: numbers, texts or arrays.
    columns: Mapping[str, Sequence[Any]]
    """The columns computed; then those of the file."""
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True)
class Reconstruction:
    """A molecule, and the molecule that its latent vector decodes to."""

    line: int
    smiles: str
    reconstructed: str | None
    """None: the latent vector decodes to no molecule."""

    @property
    def is_exact(self) -> bool:
        return self.smiles == self.reconstructed


def encode_rows(
    model: MoleculeVAE, rows: Rows, *, check: bool = False, refine: bool = False
) -> EncodedRows:
    """The posterior of the molecule in each row, duplicates included.

    Args:
        model: model that encodes.
        rows: rows of a file.
        check: whether to decode each latent vector, to see which molecules come back.
        refine: whether the means are replaced by refined latent vectors, see `MoleculeVAE.refine`.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
    """

    def posteriors(accepted: Sequence[AcceptedRow]) -> dict[str, Any]:
        selfies_rows = [row.selfies for row in accepted]
        mean, deviation = model.posterior(selfies_rows)
        if refine:
            mean = model.refine(selfies_rows, mean)
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


def tabulate_reconstructions(
    model: MoleculeVAE, rows: Rows, candidates: int = 0, *, refine: bool = False
) -> RowTable:
    """Each molecule after encoding and decoding, beside the molecule itself.

    Columns: `smiles`, `reconstructed` (empty where nothing came back), `exact` (0 or 1), `row`.

    Args:
        model: model that encodes and decodes.
        rows: rows of a file.
        candidates: see `decode_closest`; 0 decodes greedily.
        refine: whether the latent vectors are refined, see `MoleculeVAE.refine`.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
        ConfigError: both candidates and refined latent vectors are asked for.
    """
    if candidates and refine:
        raise ConfigError(
            "set `candidates` or `refine`, not both: candidates are compared by the posterior mean"
        )

    def reconstructions(accepted: Sequence[AcceptedRow]) -> dict[str, Any]:
        latents = model.latents([row.selfies for row in accepted], refine=refine)
        closest = decode_closest(model, latents, candidates)
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
    latents: Float32[np.ndarray, "molecule latent"],
) -> list[int]:
    """1 for each molecule that greedy decoding gives back, 0 for the others."""
    return [
        int(molecule is not None and molecule.smiles == row.smiles)
        for row, molecule in zip(accepted, model.decode(latents), strict=True)
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
