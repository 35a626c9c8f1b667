"""`molvae config`."""

import json
import textwrap
from collections.abc import Iterator
from typing import Literal

from pydantic_core import PydanticUndefined

from molvae.settings import Settings

COMMANDS_WITH_SETTINGS = ("train", "generate", "optimize")
"""Commands that read a file of settings."""
_WIDTH = 88


def config(command: Literal["train", "generate", "optimize"], /) -> None:
    """Print all settings of a command as a TOML file, each with its meaning and its default.

    Save it, change what you need, and pass it to the command with --config.

    Args:
        command: The command that the file is for.
    """
    print(settings_file(command))


def settings_file(command: str) -> str:
    """A TOML file with all settings of a command, their meanings and defaults."""
    return "\n".join(_lines(_settings(command)))


def _settings(command: str) -> type[Settings]:
    if command == "train":
        from molvae.training.config import TrainingPlan

        return TrainingPlan
    if command == "generate":
        from molvae.generation_config import GenerateConfig

        return GenerateConfig

    from molvae.optimize.methods import SearchConfig

    return SearchConfig


def _lines(kind: type[Settings], table: str = "") -> Iterator[str]:
    """The lines of a table of settings, and of the tables in it after them."""
    tables = {}
    if kind.__doc__:
        yield f"# {kind.__doc__.splitlines()[0]}"
    if table:
        yield f"[{table}]"
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            tables[f"{table}.{name}".lstrip(".")] = field.annotation
        else:
            words = " ".join((field.description or "").split())
            yield from (f"# {line}" for line in textwrap.wrap(words, _WIDTH))
            default = field.get_default(call_default_factory=True)
            if default is PydanticUndefined or default is None:
                # TOML has no None.
                yield f"# {name} ="
            else:
                value = list(default) if isinstance(default, tuple) else default
                yield f"{name} = {json.dumps(value, default=str)}"
    for title, inner in tables.items():
        yield ""
        yield from _lines(inner, title)
