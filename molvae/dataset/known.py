"""Which molecules a file holds, so that others can be told to be new."""

from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.chem.standardize import StandardizeConfig, standardize
from molvae.dataset.chunks import ChunkWork, answered_chunks
from molvae.dataset.tables import Table
from molvae.errors import MoleculeError
from molvae.parallel import available_cores

_MAY_BE_CHANGED = frozenset(".+-")
"""Signs of salts and charges; cleaning leaves a text without them the molecule that it is."""


def known_smiles(
    path: Path,
    smiles_column: str | None = None,
    workers: int | None = None,
    *,
    progress: bool = False,
) -> set[str]:
    """Canonical SMILES of every molecule of a file: as it stands there, and as training cleans it.

    Rows that RDKit cannot read are passed over.

    Args:
        path: a CSV, TSV or SMI file, plain or gzip.
        smiles_column: column with the SMILES; None finds it.
        workers: processes to read with; None means one per core.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, or lacks the column.
    """
    table = Table.open(path, smiles_column)
    work = ChunkWork(canonical_forms, list[str])
    chunks = answered_chunks(table, work, workers or available_cores(), progress=progress)
    return {smiles for _, answer in chunks for smiles in answer}


def canonical_forms(texts: list[str]) -> list[str]:
    """Canonical SMILES of what the texts spell, before and after cleaning."""
    return [smiles for text in texts for smiles in _forms(text)]


def _forms(text: str) -> list[str]:
    try:
        cleaned = [standardize(text, StandardizeConfig()).smiles]
    except MoleculeError:
        cleaned = []
    if cleaned and _MAY_BE_CHANGED.isdisjoint(text):
        return cleaned
    try:
        return [*cleaned, Molecule.parse(text).smiles]
    except MoleculeError:
        return cleaned
