"""Which molecules a file holds, so that others can be told to be new."""

from contextlib import suppress
from functools import partial
from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.chem.standardize import standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.chunks import ChunkWork, answered_chunks
from molvae.dataset.tables import Table
from molvae.errors import MoleculeError
from molvae.parallel import available_cores

_MAY_BE_CHANGED = frozenset(".+-@/\\")
"""Signs of salts, charges and stereo descriptors; cleaning leaves a text without them the molecule
that it is."""


def known_smiles(
    path: Path,
    smiles_column: str | None = None,
    workers: int | None = None,
    *,
    cleaning: StandardizeConfig | None = None,
    progress: bool = False,
) -> set[str]:
    """Canonical SMILES of every molecule of a file: as it stands there, and as training cleans it.

    That is by the usual cleaning and, where another is given, by that too.

    Rows that RDKit cannot read are passed over.

    Args:
        path: a CSV, TSV or SMI file, plain or gzip.
        smiles_column: column with the SMILES; None finds it.
        workers: processes to read with; None means one per core.
        cleaning: that of the model whose molecules are to be told to be new.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, or lacks the column.
    """
    table = Table.open(path, smiles_column)
    work = ChunkWork(partial(canonical_forms, cleaning=cleaning), list[str])
    chunks = answered_chunks(table, work, workers or available_cores(), progress=progress)
    return {smiles for _, answer in chunks for smiles in answer}


def canonical_forms(texts: list[str], cleaning: StandardizeConfig | None = None) -> list[str]:
    """Canonical SMILES of what the texts spell, before and after cleaning."""
    cleanings = list(dict.fromkeys([StandardizeConfig(), cleaning or StandardizeConfig()]))
    return [smiles for text in texts for smiles in _forms(text, cleanings)]


def _forms(text: str, cleanings: list[StandardizeConfig]) -> list[str]:
    forms: list[str] = []
    for cleaning in cleanings:
        with suppress(MoleculeError):
            forms.append(standardize(text, cleaning).smiles)
        if forms and _MAY_BE_CHANGED.isdisjoint(text):
            return forms
    with suppress(MoleculeError):
        forms.append(Molecule.parse(text).smiles)
    return forms
