"""Preparation of a corpus: files of molecules, cleaned and tokenized once."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molvae.chem.notation import CONSTRAINTS
from molvae.cluster import open_executor
from molvae.dataset.cleaning import CleaningRules
from molvae.dataset.containers import STANDARD_INPUT, check_is_file, local_path
from molvae.dataset.corpus import Corpus
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.data_files import expand_patterns, named_files
from molvae.dataset.labels import LabelRules
from molvae.dataset.making import StoreRules, make_store
from molvae.dataset.molecules import save_molecules
from molvae.dataset.shards import shard_folder
from molvae.dataset.store import new_store
from molvae.dataset.table_set import TableSet
from molvae.errors import ConfigError, DataError
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
    scheduler: str | None = None,
    progress: bool = False,
) -> Corpus:
    """The acceptable molecules of one or more files, from their token store if it is up to date.

    Several files give the molecules of a single file with all their rows: a molecule that an
    earlier file has is a duplicate. An interrupted preparation continues where it stopped.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; a pattern such as
            `parts/*.csv`; a list of files and patterns; `-` for standard input; or a DataFrame,
            Series or list of molecules, which is saved as `molecules.csv` in `folder`.
        config: columns to read, and rules for accepting rows.
        folder: folder of the token stores; None means beside the first file.
        workers: processes to clean with; None means one per core.
        scheduler: address of a Dask scheduler whose workers clean instead, as in tcp://head:8786.
        progress: whether to show a bar.

    Raises:
        DataError: a file cannot be read, lacks a column, or there is no acceptable molecule.
        FileError: the token store cannot be written.
        WorkerError: worker processes died repeatedly, or the scheduler or all workers are lost.
        ConfigError: no scheduler answers, or its workers have other versions of the packages.
    """
    config = config or CorpusConfig()
    paths = _data_files(source, folder)
    store, key = _locate_store(paths, config, folder)
    if stored := _read_store(store, key, paths):
        return stored
    tables = TableSet.open(paths, config)
    rules = StoreRules(
        CleaningRules(config.standardize, config.max_symbols),
        LabelRules(config.duplicates, config.qualified_values),
        key,
    )
    with shard_folder(store.with_suffix(".shards")) as shards:
        # Another process may have made it meanwhile.
        if stored := _read_store(store, key, paths):
            return stored
        # The errors of a lost connection are OSErrors too, so they are translated first.
        with new_store(store) as draft, open_executor(scheduler, workers) as (executor, n):
            make_store(draft, shards, tables, rules, n, executor=executor, progress=progress)
    made = Corpus.read(store)
    if made is None:
        raise DataError(f"the token store {str(store)!r} changed as it was made; try again")
    return made


def find_corpus(
    paths: Path | Sequence[Path], config: CorpusConfig, folder: Path | None = None
) -> Corpus | None:
    """The acceptable molecules of files from their token store; None without an up-to-date store.

    Args:
        paths: the file of molecules, or several.
        config: columns to read, and rules for accepting rows.
        folder: folder of the token stores; None means beside the first file.
    """
    files = (paths,) if isinstance(paths, Path) else tuple(paths)
    return _read_store(*_locate_store(files, config, folder), files)


# Any: JSON values.
def _read_store(store: Path, key: dict[str, Any], paths: Sequence[Path]) -> Corpus | None:
    """The corpus in a store if it has this key and its files have not changed, else None."""
    stored = Corpus.read(store)
    if stored is None or stored.record.key != key or len(stored.record.sources) != len(paths):
        return None
    files = zip(stored.record.sources, map(local_path, paths), strict=True)
    return stored if all(source.is_still(path) for source, path in files) else None


# Any: JSON values.
def _locate_store(
    paths: Sequence[Path], config: CorpusConfig, folder: Path | None
) -> tuple[Path, dict[str, Any]]:
    """Folder of a token store, and its key: everything that decides its content but the data."""
    settings = config.model_dump(mode="json")
    versions = {package: package_version(package) for package in _PACKAGES}
    key: dict[str, Any] = {
        "settings": settings,
        "versions": versions,
        "constraints": dict(CONSTRAINTS),
    }
    name = paths[0].name
    if len(paths) > 1:
        key["files"] = [path.name for path in paths]
        name = f"{name}+{len(paths) - 1}"
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    parent = folder or local_path(paths[0]).parent
    return parent / f"{name}.tokens" / digest[:_KEY_CHARACTERS], key


# Any: see `MoleculeSource`.
def _data_files(source: Any, folder: Path | None) -> tuple[Path, ...]:
    """The files to read; a table of Python is saved to one."""
    named = named_files(source)
    if folder is None and (not named or named[0] == STANDARD_INPUT):
        raise ConfigError(
            "data that are not in a file have no folder of their own; name one for the token store"
        )
    if not named:
        return (save_molecules(source, (folder or Path()) / "molecules.csv"),)
    paths = expand_patterns(named)
    for path in paths:
        check_is_file(path)
    return paths
