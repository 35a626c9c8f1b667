"""The report of a file of molecules, as `generate`, `complete` and other commands write it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.tables import Table
from molvae.errors import DataError, MoleculeError
from molvae.report.comparison import Reference, property_histograms
from molvae.report.config import ReportConfig
from molvae.report.molecule_set import MAX_MOLECULES, Cells, MoleculeSet
from molvae.report.page import Page, Section
from molvae.report.views import molecule_sections, projections_of

_ROWS = 1_000
_MIN_DRAWN = 10
"""Molecules from which histograms say more than the table."""


@dataclass(frozen=True)
class _File:
    """The readable rows of a file, up to the number that a page shows."""

    molecules: list[Molecule]
    columns: dict[str, list[float] | list[str]]
    rows: int
    unreadable: int


def table_page(
    path: Path, config: ReportConfig, columns: ColumnChoice, limit: int = MAX_MOLECULES
) -> Page:
    """The page of a file of molecules.

    Args:
        path: CSV, TSV, SMI, SDF or Parquet file, also compressed.
        config: what is drawn, and what the molecules are compared with.
        columns: the column to read; further columns are shown too.
        limit: number of molecules from which further rows are only counted.

    Raises:
        DataError: a file cannot be read, or holds no molecule.
        ModelError: the model is damaged, or not there.
    """
    file = _read(path, columns, limit)
    groups = {path.name: file.molecules}
    nearest: dict[str, Sequence[Molecule | None]] = {}
    values: dict[str, Cells] = {**file.columns}
    text = ""
    if config.reference is not None:
        reference = Reference(config.reference)
        groups[reference.name] = reference.sample
        neighbors = reference.nearest(file.molecules)
        nearest = {"nearest": neighbors.molecules}
        values = {"nearest_similarity": neighbors.similarities, **values}
        text = (
            f"Beside each molecule is the most similar of the {neighbors.size:,} molecules of "
            f"{reference.name}, by Tanimoto similarity of Morgan fingerprints (radius 2, "
            "1024 bits)."
        )
    molecules = MoleculeSet(
        path.name.partition(".")[0],
        file.molecules,
        values,
        nearest,
        projections_of(config.model, file.molecules),
    )
    facts = {
        "rows": f"{file.rows:,}",
        "distinct molecules": f"{len({molecule.smiles for molecule in file.molecules}):,}",
    }
    if file.unreadable:
        facts["rows without a molecule"] = f"{file.unreadable:,}"
    if file.rows > len(file.molecules) + file.unreadable:
        facts["shown"] = f"the first {len(file.molecules):,} molecules"
    histograms: tuple[Section, ...] = ()
    if min(map(len, groups.values())) >= _MIN_DRAWN:
        histograms = (Section("Properties", pictures=property_histograms(groups)),)
    sections = (
        Section("Overview", facts=facts),
        *histograms,
        *molecule_sections("Molecules", molecules, text),
    )
    return Page(f"Molecules of {path.name}", "", sections, molecules)


def _read(path: Path, columns: ColumnChoice, limit: int) -> _File:
    table = Table.open(path, columns.smiles, selfies_column=columns.selfies)
    molecules: list[Molecule] = []
    cells: list[list[str]] = []
    rows = unreadable = 0
    for row in (row for chunk in table.chunks(_ROWS) for row in chunk.rows):
        rows += 1
        if len(molecules) == limit:
            continue
        try:
            molecules.append(Molecule.parse("" if row.problem else row.text))
        except MoleculeError:
            unreadable += 1
        else:
            cells.append(list(table.further(row).values()))
    if not molecules:
        raise DataError(f"{str(path)!r}: none of its {rows:,} rows has a molecule; check the file")
    names = [name for name in table.further_names if name != "smiles"]
    values: dict[str, list[float] | list[str]] = {}
    for name, texts in zip(names, zip(*cells, strict=True), strict=True):
        try:
            values[name] = [float(text) if text.strip() else nan for text in texts]
        except ValueError:
            # It is no column of numbers.
            values[name] = list(texts)
    return _File(molecules, values, rows, unreadable)
