"""Preparation of a corpus: a file of molecules, cleaned and tokenized once."""

import hashlib
import json
from pathlib import Path
from typing import Any

from molvae.chem.notation import CONSTRAINTS
from molvae.dataset.cleaning import CleaningRules
from molvae.dataset.containers import STANDARD_INPUT, check_is_file, local_path
from molvae.dataset.corpus import Corpus
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.labels import LabelRules
from molvae.dataset.making import StoreRules, make_store
from molvae.dataset.molecules import save_molecules
from molvae.dataset.store import new_store
from molvae.dataset.tables import Table
from molvae.errors import ConfigError, DataError
from molvae.parallel import available_cores
from molvae.runs import package_version

_KEY_CHARACTERS = 8
_PACKAGES = ("molvae", "rdkit", "selfies")
"""Packages whose version decides which molecules are accepted, and their SELFIES."""


# Any: see `MoleculeSource`.
def prepare_corpus(
    source: Any,
    config: CorpusConfig | None = None,
    folder: Path | None = None,
    workers: int | None = None,
    *,
    progress: bool = False,
) -> Corpus:
    """The acceptable molecules of a file, from its token store if that is up to date.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` for standard input; or a
            DataFrame, Series or list of molecules, which is saved as `molecules.csv` in `folder`.
        config: columns to read, and rules for accepting rows.
        folder: folder of the token stores; None means beside the file.
        workers: processes to clean with; None means one per core.
        progress: whether to show a bar.

    Raises:
        DataError: the file cannot be read, lacks a column, or holds no acceptable molecule.
        FileError: the token store cannot be written.
    """
    config = config or CorpusConfig()
    path = _data_file(source, folder)
    store, key = _locate_store(path, config, folder)
    if stored := _read_store(store, key, path):
        return stored
    path = local_path(path)
    table = Table.open(
        path,
        config.smiles_column,
        config.property_columns,
        selfies_column=config.selfies_column,
        log_notes=False,
    )
    rules = StoreRules(
        CleaningRules(config.standardize, config.max_symbols),
        LabelRules(config.duplicates, config.qualified_values),
        key,
    )
    with new_store(store) as draft:
        make_store(draft, path, table, rules, workers or available_cores(), progress=progress)
    made = Corpus.read(store)
    if made is None:
        raise DataError(f"the token store {str(store)!r} changed as it was made; try again")
    return made


def find_corpus(path: Path, config: CorpusConfig, folder: Path | None = None) -> Corpus | None:
    """The acceptable molecules of a file from its token store; None without an up-to-date store.

    Args:
        path: the file of molecules.
        config: columns to read, and rules for accepting rows.
        folder: folder of the token stores; None means beside the file.
    """
    return _read_store(*_locate_store(path, config, folder), path)


# Any: JSON values.
def _read_store(store: Path, key: dict[str, Any], path: Path) -> Corpus | None:
    """The corpus in a store if it has this key and its file has not changed, else None."""
    stored = Corpus.read(store)
    if stored is None or stored.record.key != key:
        return None
    return stored if stored.record.source.is_still(local_path(path)) else None


# Any: JSON values.
def _locate_store(
    path: Path, config: CorpusConfig, folder: Path | None
) -> tuple[Path, dict[str, Any]]:
    """Folder of a token store, and its key: everything that decides its content but the data."""
    settings = config.model_dump(mode="json")
    versions = {package: package_version(package) for package in _PACKAGES}
    key = {"settings": settings, "versions": versions, "constraints": dict(CONSTRAINTS)}
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    parent = folder or local_path(path).parent
    return parent / f"{path.name}.tokens" / digest[:_KEY_CHARACTERS], key


# Any: see `MoleculeSource`.
def _data_file(source: Any, folder: Path | None) -> Path:
    """The file to read, which a table of Python is saved to."""
    is_file = isinstance(source, str | Path)
    if folder is None and (not is_file or Path(source) == STANDARD_INPUT):
        raise ConfigError(
            "data that are not in a file have no folder of their own; name one for the token store"
        )
    if not is_file:
        return save_molecules(source, (folder or Path()) / "molecules.csv")
    check_is_file(Path(source))
    return Path(source)
