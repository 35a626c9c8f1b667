"""MoleculeTable: molecules that Python holds, where a setting names a file. Needs no RDKit."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class MoleculeTable:
    """A DataFrame, Series or list of molecules in a place where a file is expected."""

    # Any: see `MoleculeSource`.
    def __init__(self, source: Any) -> None:
        self._source = source

    # Any: whatever a caller gives as a file.
    @classmethod
    def wrap(cls, value: Any) -> Any:
        """The table if the value is one; any other value as it is."""
        is_collection = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
        return cls(value) if is_collection else value

    def save(self, path: Path) -> Path:
        """Save the molecules as a CSV file, see `save_molecules`."""
        # Imported here: settings are read without waiting for RDKit.
        from molvae.dataset.molecules import save_molecules

        return save_molecules(self._source, path)
