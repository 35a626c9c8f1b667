"""Flags that several commands share, and how a settings class becomes a group of flags."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import Parameter, validators
from pydantic import ValidationError

from molvae.cli.messages import flag_name, validation_text
from molvae.errors import ConfigError
from molvae.files import STANDARD_STREAM, check_writable
from molvae.settings import Settings, read_toml

if TYPE_CHECKING:
    import molvae.dataset.layout

AnySettings = TypeVar("AnySettings", bound=Settings)


def _check_folder(_type: object, folder: Path) -> None:
    """Refuse `-`: files in a folder cannot be printed."""
    if folder == STANDARD_STREAM:
        raise ValueError("files go to this folder, so it cannot be standard output; name a folder")


OutFolder = Annotated[Path, Parameter(name="--out", alias="-o", validator=_check_folder)]
OutFile = Annotated[Path, Parameter(name="--out", alias="-o")]
OptionalOutFile = Annotated[Path | None, Parameter(name="--out", alias="-o")]
Resume = Annotated[
    bool, Parameter(negative=(), help="Continue the run in OUT from where it stopped.")
]
ConfigFile = Annotated[
    Path | None,
    Parameter(name="--config", help="TOML file with settings; flags take precedence over it."),
]
Seed = Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**63))]
Count = Annotated[int, Parameter(name="--n", alias="-n", validator=validators.Number(gte=1))]
SmilesColumn = Annotated[
    str | None,
    Parameter(help="Column with the SMILES. Default: found by its name or its content."),
]


Check = Annotated[
    bool,
    Parameter(negative=(), help="Also decode each molecule, and say which do not come back."),
]


Refine = Annotated[
    bool,
    Parameter(
        negative=(),
        help="Move latent vectors that do not decode to their molecules until they do, if they do "
        "in 40 steps.",
    ),
]


SelfiesColumn = Annotated[
    str | None, Parameter(help="Column with SELFIES, read instead of SMILES.")
]


@dataclass(frozen=True)
class StructureColumn:
    """The column of a file that holds the molecules."""

    smiles_column: SmilesColumn = None
    selfies_column: SelfiesColumn = None

    def choice(self) -> "molvae.dataset.layout.ColumnChoice":
        """The column as the library takes it."""
        from molvae.dataset.layout import ColumnChoice

        return ColumnChoice(self.smiles_column, selfies=self.selfies_column)


ReadStructures = Annotated[StructureColumn, Parameter(name="*")]


@dataclass(frozen=True)
class InputColumns:
    """Columns that a command reads from a file of molecules."""

    smiles_column: SmilesColumn = None
    selfies_column: SelfiesColumn = None
    keep_columns: Annotated[
        tuple[str, ...] | None,
        Parameter(
            negative_iterable=(),
            help="Columns of the input that the output keeps, such as id,name. Default: all.",
        ),
    ] = None

    def choice(self) -> "molvae.dataset.layout.ColumnChoice":
        """The columns as the library takes them."""
        from molvae.dataset.layout import ColumnChoice

        keep = None if self.keep_columns is None else split_at_commas(self.keep_columns)
        return ColumnChoice(self.smiles_column, (), self.selfies_column, keep)


ReadColumns = Annotated[InputColumns, Parameter(name="*")]


@dataclass(frozen=True)
class CheckedInput(InputColumns):
    """Columns that a command reads, and whether it checks that the molecules come back."""

    check: Check = False


ReadAndCheck = Annotated[CheckedInput, Parameter(name="*")]


# Any: a default is of any type; and None, for nothing to show, is more than cyclopts' type admits.
def default_text(value: Any) -> Any:
    """A default as it would be typed; None where there is nothing to type."""
    if value is None or value is False or value == ():
        return None
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def flags_of(title: str, *, show_defaults: bool = True, hidden: tuple[str, ...] = ()) -> Parameter:
    """Flags for the fields of a settings class, under a title of their own in the help.

    Args:
        title: heading of the group.
        show_defaults: whether the help shows the defaults.
        hidden: fields without a flag, which only a TOML file can set.
    """
    return Parameter(
        name="*",
        group=title,
        name_transform=flag_name,
        negative_iterable=(),
        parse=re.compile(rf"^(?!({'|'.join(hidden)})$)") if hidden else None,
        short_alias=lambda field, _: "-n" if field.name == "n" else None,
        show_default=default_text if show_defaults else False,
    )


def split_at_commas(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of `a,b` in one flag, or of `a` and `b` in two."""
    single = (word.strip() for text in words for word in text.split(","))
    return tuple(word for word in single if word)


# Any: values of settings, here and below.
def typed_settings(flags: Settings) -> dict[str, Any]:
    """Only the settings that were typed."""
    return flags.model_dump(exclude_unset=True)


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them, table by table."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            value = overlay(old, value)
        merged[key] = value
    return merged


def settings_from(
    settings: type[AnySettings], file: Path | None, flags: Mapping[str, Any]
) -> AnySettings:
    """Settings from flags, where these are not given from a TOML file, else the defaults.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or wrong.
    """
    if file is None:
        return parse_flags(settings, flags)
    # Flags were checked one by one when they were read.
    return settings.parse(overlay(read_toml(file), flags), str(file))


def parse_flags(settings: type[AnySettings], flags: Mapping[str, Any]) -> AnySettings:
    """Settings from flags alone.

    Raises:
        ConfigError: a value is wrong, or several do not go together.
    """
    try:
        return settings.model_validate(flags)
    except ValidationError as error:
        raise ConfigError(validation_text(error)) from None


_LISTS_BESIDE = (".refused.csv", ".failures.csv")
"""Endings of the lists that are written next to an output file."""


def check_latents_file(path: Path) -> None:
    """Check that latent vectors can be written to a file.

    Raises:
        ConfigError: it is standard output.
        FileError: it has another ending, or cannot be written.
    """
    if path == STANDARD_STREAM:
        raise ConfigError("latent vectors are not printed; name a file that ends in .npz")
    check_writable(path, ".npz")


def check_apart(source: Path, out: Path, flag: str = "--out") -> None:
    """Check that neither the output nor a list next to it would replace the input.

    Raises:
        ConfigError: one of them would.
    """
    if STANDARD_STREAM in (source, out):
        return
    written = (out, *(out.parent / f"{out.name}{ending}" for ending in _LISTS_BESIDE))
    if source.resolve() in [path.resolve() for path in written]:
        raise ConfigError(
            f"{str(source)!r} is the input and would be replaced; choose another name for {flag}"
        )
