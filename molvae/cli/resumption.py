"""Settings that may be typed with `molvae train --resume`: those of the run, or more resources."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from molvae.cli.messages import as_flag
from molvae.dataset.data_files import describe_files
from molvae.dataset.molecule_table import resolve_data
from molvae.errors import ModelError, RunError
from molvae.pretrained import find_model
from molvae.runs import RunDirectory
from molvae.training.config import TrainingPlan

_FREE = frozenset({"train.max_minutes", "train.device", "train.processes"})
_LEFT_TO_THE_MACHINE = "auto"
"""A run records the choice made on its machine instead of this word."""


# Any: settings of any type.
def check_resumable(run: RunDirectory, typed: Mapping[str, Any]) -> None:
    """Check that nothing typed contradicts the settings that the run was started with.

    Raises:
        RunError: a setting does; the message names all that do.
    """
    stored = dict(_leaves(TrainingPlan.of_run(run).model_dump()))
    wanted = {name: _as_stored(name, value) for name, value in _leaves(typed)}
    differences = [
        # The file of molecules has no flag.
        f"{name if name == 'data' else as_flag(name)} was {_in_words(stored.get(name))}, "
        f"now {_in_words(value)}"
        for name, value in wanted.items()
        if name not in _FREE and value not in (stored.get(name), _LEFT_TO_THE_MACHINE)
    ]
    if differences:
        raise RunError(
            f"{str(run.path)!r} was started with other settings ({'; '.join(differences)}); resume "
            "it without these, or start a new run"
        )


def _leaves(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its dotted name."""
    for key, value in tables.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _as_stored(name: str, value: Any) -> Any:
    """A value as a run records it: absolute paths, and the folder of a model."""
    if name == "data":
        return resolve_data(value)
    if not isinstance(value, Path):
        return value
    if name == "start":
        # The model may be gone: a run that has started does without it.
        with suppress(ModelError):
            return find_model(value).resolve()
    return value.resolve()


def _in_words(value: Any) -> str:
    if isinstance(value, tuple) and value and all(isinstance(path, Path) for path in value):
        return describe_files(value)
    return str(value) if isinstance(value, Path) else repr(value)
