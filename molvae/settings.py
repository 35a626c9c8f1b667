"""One mechanism for flags, TOML and JSON: frozen settings whose mistakes are named.

Every `...Config` class of the package derives from `Settings` and stands beside what it configures.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from molvae.errors import ConfigError

# Not typing.Self: the run-time type checks of the tests cannot tell what it stands for.
AnySettings = TypeVar("AnySettings", bound="Settings")


class Settings(BaseModel):
    """Frozen settings, checked when made.

    An unknown or wrong value raises pydantic's `ValidationError`; `parse` and `with_changes` tell
    it as a `ConfigError` of one line.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )

    # Any: see below.
    @model_validator(mode="before")
    @classmethod
    def _split_at_commas(cls, values: Any) -> Any:
        """`a,b` as a flag has it, for what is a row of words; rows of free text stay as they are.

        Only a row is split: a word that is none is left to be told so.
        """
        if not isinstance(values, Mapping):
            return values
        rows = {name for name, field in cls.model_fields.items() if _is_row(field.annotation)}
        return {
            name: split_row(value) if name in rows and isinstance(value, list | tuple) else value
            for name, value in values.items()
        }

    # Any: the values are whatever a caller typed or a file holds; pydantic checks them all.
    @classmethod
    def parse(cls: type[AnySettings], values: Any, source: str = "settings") -> AnySettings:
        """The settings that a table of `values` spells; every mistake in it is told at once.

        Raises:
            ConfigError: an unknown key (with the nearest known one), a value out of bounds, or
                no table at all.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(_problem(cls, dict(detail)) for detail in error.errors())
            raise ConfigError(f"{source}: {problems}") from None

    def with_changes(
        self: AnySettings, changes: Mapping[str, Any], source: str = "settings"
    ) -> AnySettings:
        """The same settings with some values replaced and all checked; None replaces nothing."""
        given = {key: value for key, value in changes.items() if value is not None}
        return type(self).parse({**self.model_dump(exclude_unset=True), **given}, source)


# Any: an annotation.
def _is_row(kind: Any) -> bool:
    """Whether values of this type are rows of what has no comma in it."""
    return get_origin(kind) is tuple and str not in get_args(kind)


# Any: what a caller typed.
def split_row(row: Sequence[Any]) -> list[Any]:
    """The same with each text in it split at its commas."""
    parts = (one.split(",") if isinstance(one, str) else [one] for one in row)
    return [one.strip() if isinstance(one, str) else one for part in parts for one in part]


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        ConfigError: there is no such file, or it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"no settings file {str(path)!r}; check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{str(path)!r} is not a readable TOML file: {error}") from None


def suggestion(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` when a known name is near, else the list of all known names."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known))}"


def _problem(cls: type[Settings], detail: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"]) or "settings"
    if detail["type"] == "extra_forbidden":
        known = _known(cls, detail["loc"])
        return f"unknown setting {place!r}{suggestion(str(detail['loc'][-1]), known)}"
    message = detail["msg"].removeprefix("Value error, ")
    # Where a field is missing, or several go badly together, the input is the whole table.
    if isinstance(detail["input"], dict):
        return f"{place}: {message}"
    return f"{place} = {detail['input']!r}: {message}"


def _known(cls: type[Settings], place: tuple[str | int, ...]) -> list[str]:
    """Field names of the settings class that the unknown key stood in."""
    found: type[Settings] = cls
    for part in place[:-1]:
        field = found.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, Settings)):
            break
        found = inner
    return list(found.model_fields)
