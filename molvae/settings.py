"""Settings: frozen values from flags, TOML or JSON, with errors that name the wrong setting.

Every `...Config` class of the package derives from `Settings`.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from molvae.errors import ConfigError

# Not typing.Self: the run-time type checks of the tests do not understand it here.
AnySettings = TypeVar("AnySettings", bound="Settings")
_LISTED = 10
"""Wrong values that a message lists."""
_SHOWN = 200
"""Characters of a wrong value that a message shows."""


class Settings(BaseModel):
    """Frozen settings that are checked on construction.

    The constructor raises pydantic's `ValidationError` for an unknown or wrong value; `parse` and
    `with_changes` raise a `ConfigError` with a message of one line.
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
        """Accept `a,b` for a tuple of words, as a flag gives it; free text is not split.

        Only lists and tuples are split; anything else is left for pydantic to refuse.
        """
        if not isinstance(values, Mapping):
            return values
        # Tuples of words that contain no comma.
        splits = {
            name
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) is tuple and str not in get_args(field.annotation)
        }
        return {
            name: split_words(value)
            if name in splits and isinstance(value, list | tuple)
            else value
            for name, value in values.items()
        }

    # Any: the values are whatever a caller typed or a file holds; pydantic checks them all.
    @classmethod
    def parse(cls: type[AnySettings], values: Any, source: str = "settings") -> AnySettings:
        """Settings from a table of values; an error names all wrong values at once.

        Raises:
            ConfigError: a key is unknown (the message suggests a known one), a value is out of
                bounds, or `values` is not a table.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = [_problem(cls, dict(detail)) for detail in error.errors()]
            more = [f"and {n:,} more"] if (n := len(problems) - _LISTED) > 0 else []
            raise ConfigError(f"{source}: {'; '.join([*problems[:_LISTED], *more])}") from None

    def with_changes(
        self: AnySettings, changes: Mapping[str, Any], source: str = "settings"
    ) -> AnySettings:
        """A copy with some values replaced, checked again; None leaves a value as it is."""
        given = {key: value for key, value in changes.items() if value is not None}
        return type(self).parse({**self.model_dump(exclude_unset=True), **given}, source)


# Any: values as they were typed.
def split_words(values: Sequence[Any]) -> list[Any]:
    """The values, with each text among them split at its commas."""
    words = (value.split(",") if isinstance(value, str) else [value] for value in values)
    return [word.strip() if isinstance(word, str) else word for row in words for word in row]


def read_toml(path: Path) -> dict[str, Any]:
    """The contents of a TOML file.

    Raises:
        ConfigError: the file does not exist, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"no settings file {str(path)!r}; check the path") from None
    # ValueError: other errors of tomllib and of decoding, and numbers of thousands of digits.
    except (ValueError, RecursionError, OSError) as error:
        raise ConfigError(f"{str(path)!r} is not a readable TOML file: {error}") from None


def suggestion(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` if a known name is similar, otherwise a list of the known names."""
    by_case = {text.casefold(): text for text in known}
    similar = difflib.get_close_matches(name.casefold(), by_case, n=1)
    if not similar:
        return f"; known: {', '.join(sorted(known))}"
    return f"; did you mean {by_case[similar[0]]!r}?"


def _problem(cls: type[Settings], detail: dict[str, Any]) -> str:
    location = detail["loc"]
    name = ".".join(map(str, location)) or "settings"
    if detail["type"] == "extra_forbidden":
        return f"unknown setting {name!r}{suggestion(str(location[-1]), _names(cls, location))}"
    message = detail["msg"].removeprefix("Value error, ")
    # If a field is missing, or several do not go together, the input is the whole table.
    if isinstance(detail["input"], dict):
        return f"{name}: {message}"
    text = repr(detail["input"])
    return f"{name} = {text if len(text) <= _SHOWN else f'{text[:_SHOWN]}...'}: {message}"


def _names(cls: type[Settings], location: tuple[str | int, ...]) -> list[str]:
    """Names of the fields in the table that holds the last key of the location."""
    for key in location[:-1]:
        field = cls.model_fields.get(str(key))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, Settings)):
            break
        cls = inner
    return list(cls.model_fields)
