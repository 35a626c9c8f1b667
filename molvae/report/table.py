"""The report of a file of molecules, as `generate`, `complete` and other commands write it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.chem.refusal import none_if_refused
from molvae.dataset.containers import STANDARD_INPUT, display_name
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.names import unique_names
from molvae.dataset.tables import Table
from molvae.errors import DataError
from molvae.report.comparison import Reference, property_histograms
from molvae.report.config import ReportConfig
from molvae.report.page import Page, Section
from molvae.report.page_molecules import MAX_MOLECULES, Cells, PageMolecules
from molvae.report.views import molecule_sections, projections_of

_ROWS = 1_000
_SMILES, _NEAREST, _SIMILARITY = "smiles", "nearest", "nearest_similarity"
"""Names of the columns that a page adds to those of the file."""
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MISSING = ("", "nan")
_MAX_WHOLE = 2**53
"""Magnitude from which not all whole numbers are floats."""
_MIN_DRAWN = 10
"""Molecules from which histograms say more than the table."""


@dataclass(frozen=True)
class _File:
    """The readable rows of a file, up to the number that a page shows."""

    molecules: list[Molecule]
    columns: dict[str, Cells]
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
    computed = () if config.reference is None else (_NEAREST, _SIMILARITY)
    file = _read(path, columns, limit, (_SMILES, *computed))
    title = "standard input" if path == STANDARD_INPUT else path.name
    groups = {title: file.molecules}
    nearest: dict[str, Sequence[Molecule | None]] = {}
    values: dict[str, Cells] = {**file.columns}
    text = ""
    if config.reference is not None:
        reference = Reference(config.reference)
        names = [title, reference.name]
        if path.name == reference.name:
            names = [str(path), str(reference.path)]
        label, reference_label = unique_names(names)
        groups = {label: file.molecules, reference_label: reference.sample()}
        neighbors = reference.nearest(file.molecules)
        nearest = {_NEAREST: neighbors.molecules}
        values = {_SIMILARITY: neighbors.similarities, **values}
        text = (
            f"Beside each molecule is the most similar of the {neighbors.size:,} molecules of "
            f"{reference.name}, by Tanimoto similarity of Morgan fingerprints (radius 2, "
            "1024 bits)."
        )
    molecules = PageMolecules(
        "molecules" if path == STANDARD_INPUT else path.name.partition(".")[0],
        file.molecules,
        values,
        nearest,
        projections_of(config.model, file.molecules),
    )
    histograms: tuple[Section, ...] = ()
    if min(map(len, groups.values())) >= _MIN_DRAWN:
        histograms = (Section("Properties", pictures=property_histograms(groups)),)
    sections = (
        _overview(file),
        *histograms,
        *molecule_sections("Molecules", molecules, text),
    )
    return Page(f"Molecules of {title}", "", sections, molecules)


def _overview(file: _File) -> Section:
    facts = {
        "rows": f"{file.rows:,}",
        "distinct molecules": f"{len({molecule.smiles for molecule in file.molecules}):,}",
    }
    if file.unreadable:
        facts["rows without a molecule"] = f"{file.unreadable:,}"
    if file.rows > len(file.molecules) + file.unreadable:
        facts["shown"] = f"the first {len(file.molecules):,} molecules"
    return Section("Overview", facts=facts)


def _read(path: Path, columns: ColumnChoice, limit: int, taken: Sequence[str]) -> _File:
    """The file, with a number behind the names of its columns that are among the `taken` ones."""
    table = Table.open(path, columns.smiles, selfies_column=columns.selfies)
    molecules: list[Molecule] = []
    further: list[dict[str, str]] = []
    rows = unreadable = 0
    for row in (row for chunk in table.chunks(_ROWS) for row in chunk.rows):
        rows += 1
        if len(molecules) == limit:
            continue
        molecule = None if row.problem else none_if_refused(Molecule.parse, row.text)
        if molecule is None:
            unreadable += 1
        else:
            molecules.append(molecule)
            further.append(table.further(row))
    if not molecules:
        raise DataError(
            f"{display_name(path)}: none of its {rows:,} rows has a molecule; check the file"
        )
    labels = unique_names(table.further_names, taken)
    values = {
        label: _cells([cells[name] for cells in further])
        for name, label in zip(table.further_names, labels, strict=True)
    }
    return _File(molecules, values, rows, unreadable)


def _cells(texts: list[str]) -> Cells:
    """The numbers of a column, NaN where a cell is empty; its texts if it has anything else.

    Identifiers such as `00123`, and numbers so large that a float may not hold them exactly, remain
    texts.
    """
    numbers: list[float | int] = []
    for text in map(str.strip, texts):
        is_missing = text.lower() in _MISSING
        if not is_missing and not _NUMBER.fullmatch(text):
            return texts
        number = nan if is_missing else float(text)
        if abs(number) >= _MAX_WHOLE:
            return texts
        numbers.append(number)
    return numbers
