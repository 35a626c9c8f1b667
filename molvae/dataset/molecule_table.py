"""MoleculeTable: molecules that Python holds, where a setting names files. Needs no RDKit."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from molvae.dataset.data_files import expand_patterns, named_files


class MoleculeTable:
    """A DataFrame, Series or list of molecules in a place where a file is expected."""

    # Any: see `MoleculeSource`.
    def __init__(self, source: Any) -> None:
        self._source = source

    # Any: whatever a caller gives as a file.
    @classmethod
    def wrap(cls, value: Any) -> Any:
        """The table if the value is one, the files of a list of files, any other value as it is."""
        if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
            return value
        return named_files(value) or cls(value)

    def save(self, path: Path) -> Path:
        """Save the molecules as a CSV file, see `save_molecules`."""
        # Imported here: settings are read without waiting for RDKit.
        from molvae.dataset.molecules import save_molecules

        return save_molecules(self._source, path)


def resolve_data(
    data: Path | tuple[Path, ...] | MoleculeTable,
) -> Path | tuple[Path, ...] | MoleculeTable:
    """The data with the files that patterns match, as absolute paths; a single file is no tuple.

    Raises:
        DataError: a pattern matches no file.
        ConfigError: a file is given twice.
    """
    if isinstance(data, MoleculeTable):
        return data
    paths = expand_patterns(data if isinstance(data, tuple) else (data,))
    resolved = tuple(path.resolve() for path in paths)
    return resolved if len(resolved) > 1 else resolved[0]
