"""Objectives by name: the tasks of published benchmarks, usable wherever an objective file is.

`pmo` holds the tasks of Practical Molecular Optimization (Gao et al. 2022), which are those of
GuacaMol (Brown et al. 2019) and a few of Therapeutics Data Commons.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.settings import suggestion

_SUITES = ("pmo",)
_FILE_MARK = "@"


def find_objective(wanted: Path | str) -> ObjectiveConfig:
    """The objective of a TOML file, or of a suite by name.

    A task that needs a model file takes it after its name: `pmo/gsk3b@gsk3b.skops`.

    Raises:
        ConfigError: no such file and no such name (the nearest is told), or mistakes in the file.
    """
    text = str(wanted)
    name, mark, model = text.partition(_FILE_MARK)
    if name in named_objectives():
        return _task(name, model if mark else None)
    if Path(text).is_file() or text.endswith(".toml"):
        return ObjectiveConfig.load(Path(text))
    known = list(named_objectives())
    raise ConfigError(f"there is neither a file nor an objective {text!r}{suggestion(name, known)}")


@cache
def named_objectives() -> dict[str, str]:
    """What each named objective wants, by its name."""
    return {
        f"{suite}/{task}": str(tables["name"])
        for suite in _SUITES
        for task, tables in _tables(suite).items()
    }


def objective_text(name: str) -> str:
    """A named objective as the TOML file that it would be.

    Raises:
        ConfigError: there is no objective of that name.
    """
    if name not in named_objectives():
        raise ConfigError(
            f"there is no objective {name!r}{suggestion(name, [*named_objectives()])}"
        )
    suite, _, task = name.partition("/")
    # Each task is one table with nothing but its lines, so they are a file by themselves.
    return _text(suite).partition(f"\n[{task}]\n")[2].partition("\n[")[0].strip()


def _task(name: str, model: str | None) -> ObjectiveConfig:
    tables = _tables_of(name)
    place = _model_component(tables)
    if place is None:
        if model is not None:
            raise ConfigError(f"{name} takes no model file; leave out {_FILE_MARK + model!r}")
        return ObjectiveConfig.parse_tables(tables, name)
    if not model:
        raise ConfigError(
            f"{name} needs a model that does not ship: give a file that skops wrote, as in "
            f"{name}{_FILE_MARK}MODEL.skops; TDC's pickle is converted with skops.io.dump"
        )
    components = [{**one, "path": model} if one is place else one for one in tables["component"]]
    return ObjectiveConfig.parse_tables({**tables, "component": components}, name)


# Any: the tables of a TOML file; ObjectiveConfig checks them.
def _model_component(tables: dict[str, Any]) -> Any:
    """The component that lacks the path of its model."""
    lacking = [
        one for one in tables["component"] if one.get("kind") == "model" and "path" not in one
    ]
    return lacking[0] if lacking else None


def _tables_of(name: str) -> dict[str, Any]:
    suite, _, task = name.partition("/")
    tables: dict[str, Any] = _tables(suite)[task]
    return tables


@cache
def _tables(suite: str) -> dict[str, Any]:
    return tomllib.loads(_text(suite))


def _text(suite: str) -> str:
    return files(__name__).joinpath(f"{suite}.toml").read_text(encoding="utf-8")
