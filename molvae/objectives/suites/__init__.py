"""Named objectives: tasks of published benchmarks, usable wherever an objective file is accepted.

`pmo` contains the tasks of Practical Molecular Optimization (Gao et al. 2022), which come from
GuacaMol (Brown et al. 2019) and Therapeutics Data Commons.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from molvae.errors import ConfigError
from molvae.files import names_file
from molvae.objectives.config import ObjectiveConfig
from molvae.settings import suggestion

_SUITES = ("pmo",)
_FILE_MARK = "@"


def find_objective(source: Path | str) -> ObjectiveConfig:
    """The objective in a TOML file, or a named one such as pmo/qed.

    The model file of a task that needs one follows its name: `pmo/gsk3b@gsk3b.skops`.

    Raises:
        ConfigError: there is no such file or name (a similar name is suggested), or the file has
            mistakes.
    """
    text = str(source)
    name, mark, model = text.partition(_FILE_MARK)
    if name in named_objectives():
        return _task(name, model if mark else None)
    if names_file(text) or text.endswith(".toml"):
        return ObjectiveConfig.load(Path(text))
    known = list(named_objectives())
    raise ConfigError(f"no file or objective {text!r}{suggestion(name, known)}")


@cache
def named_objectives() -> dict[str, str]:
    """Description of each named objective, by name."""
    return {
        f"{suite}/{task}": str(tables["name"])
        for suite in _SUITES
        for task, tables in _tables(suite).items()
    }


def objective_text(name: str) -> str:
    """A named objective as the text of a TOML file.

    Raises:
        ConfigError: there is no objective of that name.
    """
    if name not in named_objectives():
        raise ConfigError(
            f"there is no objective {name!r}{suggestion(name, [*named_objectives()])}"
        )
    suite, _, task = name.partition("/")
    # The lines of a task's table are a valid file by themselves.
    return _text(suite).partition(f"\n[{task}]\n")[2].partition("\n[")[0].strip()


def _task(name: str, model: str | None) -> ObjectiveConfig:
    suite, _, task = name.partition("/")
    tables: dict[str, Any] = _tables(suite)[task]
    # The component that lacks the path of its model.
    component = next(
        (
            table
            for table in tables["component"]
            if table.get("kind") == "model" and "path" not in table
        ),
        None,
    )
    if component is None:
        if model is not None:
            raise ConfigError(f"{name} takes no model file; leave out {_FILE_MARK + model!r}")
        return ObjectiveConfig.parse_tables(tables, name)
    if not model:
        raise ConfigError(
            f"{name} needs a model that is not included: append a file written by skops, as in "
            f"{name}{_FILE_MARK}MODEL.skops; TDC's pickle is converted with skops.io.dump"
        )
    components = [
        {**table, "path": model} if table is component else table for table in tables["component"]
    ]
    return ObjectiveConfig.parse_tables({**tables, "component": components}, name)


@cache
def _tables(suite: str) -> dict[str, Any]:
    return tomllib.loads(_text(suite))


def _text(suite: str) -> str:
    return files(__name__).joinpath(f"{suite}.toml").read_text(encoding="utf-8")
