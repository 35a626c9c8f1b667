"""Read chemprop checkpoints, after a check that they contain nothing that could run code."""

import importlib
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from molvae.errors import ConfigError, MissingExtraError, first_line
from molvae.files import file_stamp

_PACKAGES = ("chemprop.nn.", "torch.nn.modules.")
"""Packages whose neural network modules a checkpoint may contain."""
_CONTAINERS = frozenset(
    {
        "lightning.fabric.utilities.data.AttributeDict",
        "lightning.pytorch.utilities.parsing.AttributeDict",
    }
)
"""Dictionaries of settings."""


# Any: chemprop has no types that are known where it is not installed.
@dataclass(frozen=True)
class ChempropEnsemble:
    """Models of an ensemble, and the names of what they predict."""

    models: tuple[Any, ...]
    columns: tuple[str, ...]
    """Column names of the training file, or pred_0, pred_1, ... where the file has none."""


def checkpoint_files(path: Path) -> list[Path]:
    """The checkpoint itself, or the .pt files of a folder, as `chemprop predict` takes them.

    Raises:
        ConfigError: there is no such checkpoint, or the folder has none.
    """
    if path.is_dir():
        files = sorted(path.rglob("*.pt"))
        if not files:
            raise ConfigError(f"the folder {str(path)!r} has no chemprop model (.pt); check it")
        return files
    if not path.is_file():
        raise ConfigError(f"no chemprop model {str(path)!r}; check the path")
    return [path]


def read_ensemble(path: Path) -> ChempropEnsemble:
    """The models in a checkpoint or folder; read again when a file has changed.

    Raises:
        ConfigError: a file is missing, is no chemprop model, or contains anything but tensors,
            plain values and neural networks.
        MissingExtraError: chemprop is not installed.
    """
    files = checkpoint_files(path)
    return _read(tuple(files), tuple(map(file_stamp, files)))


@lru_cache(maxsize=8)
def _read(files: tuple[Path, ...], _: tuple[tuple[int, int], ...]) -> ChempropEnsemble:
    contents = [_globals(file) for file in files]
    for file, names in zip(files, contents, strict=True):
        _refuse(
            file,
            [name for name in names if name not in _CONTAINERS and not name.startswith(_PACKAGES)],
        )
    try:
        from chemprop.models import load_model
        from chemprop.models.utils import load_output_columns
    except ImportError:
        raise MissingExtraError("chemprop", "chemprop") from None
    for file, names in zip(files, contents, strict=True):
        _refuse(file, [name for name in names if not _is_network(name)])
    try:
        models = tuple(load_model(file).eval() for file in files)
        columns = [load_output_columns(file) for file in files]
    # Damaged checkpoints raise whatever the place of the damage raises.
    except Exception as error:
        raise ConfigError(f"chemprop cannot read {_names(files)}: {first_line(error)}") from error
    numbered = tuple(f"pred_{number}" for number in range(models[0].predictor.n_tasks))
    named = {tuple(names) if names else numbered for names in columns}
    if len(named) > 1:
        raise ConfigError(f"the models {_names(files)} predict different columns: {named}")
    return ChempropEnsemble(models, named.pop())


def _globals(file: Path) -> list[str]:
    """Names of the classes and functions in a checkpoint, apart from those of tensors."""
    import torch

    try:
        names: list[str] = torch.serialization.get_unsafe_globals_in_checkpoint(str(file))
    # Damaged archives raise errors of several unrelated types.
    except Exception as error:
        raise ConfigError(f"{str(file)!r} is not a chemprop model: {first_line(error)}") from error
    return names


def _refuse(file: Path, names: list[str]) -> None:
    if names:
        raise ConfigError(
            f"{str(file)!r} contains {', '.join(names)}, which no chemprop model needs and which "
            "could run code; it is not read"
        )


def _is_network(name: str) -> bool:
    """Whether a name is that of a neural network module or one of its options, defined there.

    A prefix is not enough: a module also has the names that it imports, such as
    torch.nn.modules.module.warnings.
    """
    from torch import nn

    if name in _CONTAINERS:
        return True
    module_name, _, class_name = name.rpartition(".")
    try:
        value = getattr(importlib.import_module(module_name), class_name, None)
    except ImportError:
        return False
    return isinstance(value, type) and issubclass(value, nn.Module | Enum)


def _names(files: tuple[Path, ...]) -> str:
    return ", ".join(repr(str(file)) for file in files)
