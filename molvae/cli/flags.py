"""What the commands' flags have in common: groups made of settings classes, and shared words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter, default_name_transform, validators

from molvae.errors import ConfigError
from molvae.settings import Settings, read_toml

AnySettings = TypeVar("AnySettings", bound=Settings)

_WITHOUT_PREFIX = frozenset({"constraints", "decoding", "search", "standardize"})
"""Settings inside settings whose flags are told apart without the outer name."""


@dataclass(frozen=True)
class Screen:
    """What a command shows while it works and at its end."""

    quiet: Annotated[bool, Parameter(negative=(), help="Show no progress.")] = False
    json: Annotated[bool, Parameter(negative=(), help="Print the outcome as JSON.")] = False

    @property
    def progress(self) -> bool:
        """Whether bars are wanted."""
        return not self.quiet

    # Any: JSON values.
    def tell(self, outcome: Mapping[str, Any], sentence: str) -> None:
        """Print the outcome the way that was asked for."""
        print(json.dumps(outcome) if self.json else sentence)


OnScreen = Annotated[Screen, Parameter(name="*")]
Resume = Annotated[
    bool, Parameter(negative=(), help="Go on with the run in OUT where it was cut off.")
]
ConfigFile = Annotated[
    Path | None, Parameter(name="--config", help="TOML file with settings; flags win over it.")
]
Seed = Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**63))]
SmilesColumn = Annotated[
    str | None,
    Parameter(help="Column with the SMILES; without it the column is found by name or content."),
]


def flag_name(name: str) -> str:
    """The flag of a field; `*` where the fields inside it have flags of their own."""
    return "*" if name in _WITHOUT_PREFIX else default_name_transform(name)


# Any: a default is of any type; and None, for nothing to show, is more than cyclopts' type admits.
def shown(value: Any) -> Any:
    """A default as one would type it; None where there is nothing to type."""
    if value is None or value is False or value == ():
        return None
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def flags_of(title: str, *, show_defaults: bool = True) -> Parameter:
    """A flag for every field of a settings class, under a title of their own in the help."""
    return Parameter(
        name="*",
        group=title,
        name_transform=flag_name,
        negative_iterable=(),
        show_default=shown if show_defaults else False,
    )


def split_at_commas(words: tuple[str, ...]) -> tuple[str, ...]:
    """`a,b` given once or `a` and `b` given by two flags."""
    return tuple(part.strip() for word in words for part in word.split(",") if part.strip())


def given(flags: Settings) -> dict[str, Any]:
    """The settings that were typed, and no others."""
    return flags.model_dump(exclude_unset=True)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them, table by table."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            value = overlaid(old, value)
        merged[key] = value
    return merged


def settings_from(
    settings: type[AnySettings], file: Path | None, flags: Mapping[str, Any]
) -> AnySettings:
    """Defaults, under the settings of a TOML file, under the flags that were typed.

    Raises:
        ConfigError: the file cannot be read, or holds an unknown or wrong setting.
    """
    if file is None:
        return settings.parse(flags, "flags")
    # Flags have been checked one by one when they were read.
    return settings.parse(overlaid(read_toml(file), flags), str(file))


_BESIDE = (".refused.csv", ".failures.csv")
"""Endings of the lists that are written beside an output."""


def check_apart(source: Path, out: Path, flag: str = "--out") -> None:
    """See that neither the output nor a list beside it replaces the input.

    Raises:
        ConfigError: it would.
    """
    written = (out, *(out.parent / f"{out.name}{ending}" for ending in _BESIDE))
    if source.resolve() in [path.resolve() for path in written]:
        raise ConfigError(
            f"{str(source)!r} is the input and would be replaced; give another name to {flag}"
        )
