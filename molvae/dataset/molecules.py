"""Molecules that a caller holds in Python: texts, RDKit Mols, Series and DataFrames of them."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from molvae.chem.molecule import Molecule
from molvae.dataset.changed import ChangeCount
from molvae.dataset.readers import cell_text, columns_of
from molvae.dataset.tables import Table
from molvae.errors import ConfigError, MoleculeError
from molvae.files import atomic_write


# Any: the elements are SMILES, molecules or RDKit Mols; or it is a table of pandas.
def read_molecules(source: Iterable[Any]) -> list[Molecule]:
    """The molecules of a list, Series or DataFrame, in order.

    A warning is logged if reading changed a molecule.

    Raises:
        MoleculeError: an element is no molecule; the detail has the element and its index.
        ConfigError: a single text is given, whose letters would be taken for molecules.
        DataError: a DataFrame has no column of SMILES.
    """
    molecules = []
    for element in read_each_molecule(source):
        if isinstance(element, MoleculeError):
            raise element
        molecules.append(element)
    return molecules


# Any: see `read_molecules`.
def read_each_molecule(source: Iterable[Any]) -> Iterator[Molecule | MoleculeError]:
    """Each molecule of a list, Series or DataFrame in order, or the error of what is none.

    After the last element a warning is logged if reading changed a molecule.

    Raises:
        ConfigError: a single text is given, whose letters would be taken for molecules.
        DataError: a DataFrame has no column of SMILES.
    """
    if isinstance(source, str):
        raise ConfigError(f"expected several molecules, got a text; write [{source!r}]")
    elements = Table.open(source).texts() if hasattr(source, "columns") else source
    changed = ChangeCount()
    for index, element in enumerate(elements):
        try:
            molecule = _molecule(element, index)
        except MoleculeError as error:
            yield error
            continue
        if molecule is not element:
            text = element if isinstance(element, str) else molecule.smiles
            changed.add(molecule.changes, f"at index {index}", text, molecule.smiles)
        yield molecule
    changed.warn()


# Any: see `MoleculeSource`.
def save_molecules(source: Any, path: Path) -> Path:
    """Save a DataFrame, Series or list of molecules as a CSV file, for `train` or a command.

    RDKit Mols become SMILES; an index that has a name or holds texts becomes a column.

    Raises:
        DataError: the object is none of these.
        FileError: the disk is full, or the file cannot be written.
    """
    columns, _ = columns_of(source)
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([cell_text(cell) for cell in row])
    return path


# Any: see `read_molecules`.
def _molecule(element: Any, index: int) -> Molecule:
    if isinstance(element, Molecule):
        return element
    is_mol = type(element).__module__.startswith("rdkit")
    try:
        return Molecule.parse(cell_text(element) if is_mol else element)
    except MoleculeError as error:
        raise name_molecule(error, element, index) from None


# Any: see `read_molecules`.
def name_molecule(error: MoleculeError, element: Any, index: int) -> MoleculeError:
    """The error with the molecule that it is about, and its index in a list."""
    text = element.smiles if isinstance(element, Molecule) else element
    detail = f"{repr(text)[:200]} at index {index}"
    return MoleculeError(error.reason, f"{detail}: {error.detail}" if error.detail else detail)
