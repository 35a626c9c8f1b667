"""The files that hold a set of molecules: one, several, or those that a pattern matches."""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molvae.dataset.containers import STANDARD_INPUT, display_name
from molvae.errors import ConfigError, DataError
from molvae.files import names_file

_ENDINGS = frozenset(
    {".csv", ".tsv", ".tab", ".txt", ".smi", ".smiles", ".ism", ".can", ".cxsmiles", ".cxsmi"}
    | {".sdf", ".sd", ".mol", ".parquet", ".pq", ".gz", ".bz2", ".xz", ".zip"}
)


# Any: see `MoleculeSource`.
def named_files(source: Any) -> tuple[Path, ...]:
    """The files or patterns that a source names; empty for molecules that Python holds.

    A path or a single text names a file. A list of texts names files if each is an existing file
    or ends as files of molecules do; otherwise the texts are molecules.
    """
    if isinstance(source, str | Path):
        return (Path(source),)
    if not isinstance(source, list | tuple):
        return ()
    is_files = all(
        isinstance(name, Path)
        or (isinstance(name, str) and (Path(name).suffix.lower() in _ENDINGS or names_file(name)))
        for name in source
    )
    return tuple(map(Path, source)) if is_files else ()


def expand_patterns(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files in the order given; those that a pattern such as `parts/*.csv` matches, sorted.

    An existing file is no pattern, whatever its name.

    Raises:
        DataError: a pattern matches no file.
        ConfigError: a file is given twice.
    """
    files: list[Path] = []
    for path in paths:
        if path == STANDARD_INPUT or path.exists() or not glob.has_magic(str(path)):
            files.append(path)
            continue
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        if not matches:
            raise DataError(f"no file matches {str(path)!r}; check the pattern")
        files += map(Path, matches)
    seen: set[Path] = set()
    for path in files:
        resolved = path if path == STANDARD_INPUT else path.resolve()
        if resolved in seen:
            raise ConfigError(f"{display_name(path)} is given twice; name it once")
        seen.add(resolved)
    return tuple(files)


def describe_files(paths: Sequence[Path]) -> str:
    """The file, or the first and the number of further ones, for messages."""
    if len(paths) == 1:
        return display_name(paths[0])
    return f"the set of {display_name(paths[0])} and {len(paths) - 1:,} more"
