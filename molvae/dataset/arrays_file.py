"""Files of arrays beside a token store, with a digest of their content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from molvae.files import write_bytes

_DIGEST = "sha256"


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays that `write_arrays` wrote; None if the file is missing or damaged."""
    try:
        with safe_open(path, framework="np") as stored:
            expected = (stored.metadata() or {}).get(_DIGEST)
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    # A type that numpy does not have is a TypeError or an AttributeError.
    except (OSError, SafetensorError, TypeError, AttributeError):
        return None
    return arrays if expected == _digest(arrays) else None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Replace the file with these arrays and their digest.

    Raises:
        FileError: the file cannot be written.
    """
    write_bytes(path, safetensors.numpy.save(dict(arrays), {_DIGEST: _digest(arrays)}))


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of each array's name, type, shape and bytes."""
    content = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        content.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()
