"""Molecules of a file, to tell which others are new."""

from contextlib import suppress
from functools import partial
from typing import Any

from molvae.chem.molecule import Molecule
from molvae.chem.standardize import standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.chunks import ChunkWork, map_chunks
from molvae.dataset.tables import Table
from molvae.errors import MoleculeError
from molvae.parallel import available_cores

_MAY_BE_CHANGED = frozenset(".+-@/\\")
"""Signs of salts, charges and stereo descriptors; a SMILES without them is clean."""


# Any: see `MoleculeSource`.
def known_smiles(
    source: Any,
    smiles_column: str | None = None,
    workers: int | None = None,
    *,
    selfies_column: str | None = None,
    cleaning: StandardizeConfig | None = None,
    progress: bool = False,
) -> set[str]:
    """Canonical SMILES of all molecules of a file, before and after cleaning.

    They are cleaned with the default settings and, where given, with those of `cleaning`. Rows that
    RDKit cannot read are skipped.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, DataFrame, Series or list of molecules.
        smiles_column: column with the SMILES; None finds it.
        workers: processes to read with; None means one per core.
        selfies_column: column with SELFIES, read instead of SMILES.
        cleaning: cleaning of the model whose molecules are compared.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, or lacks the column.
    """
    table = Table.open(source, smiles_column, selfies_column=selfies_column)
    work = ChunkWork(partial(canonical_forms, cleaning=cleaning), list[str])
    chunks = map_chunks(table, work, workers or available_cores(), progress=progress)
    return {smiles for _, answer in chunks for smiles in answer}


def canonical_forms(texts: list[str], cleaning: StandardizeConfig | None = None) -> list[str]:
    """Canonical SMILES of the molecules, before and after cleaning."""
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
