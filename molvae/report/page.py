"""Page: what a report says, section by section, and its HTML."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

TEMPLATE = "page.html"


@dataclass(frozen=True)
class Picture:
    """An SVG picture."""

    svg: str
    about: str
    """What it shows, for those who cannot see it, and below it."""

    @property
    def address(self) -> str:
        """The picture itself as a `data:` address; names inside it meet no others on the page."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()


@dataclass(frozen=True)
class Card:
    """A molecule, and what is said of it."""

    picture: Picture
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells under their headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One part of a page; what is empty is left out."""

    title: str
    text: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    cards: tuple[Card, ...] = ()
    table: Table | None = None
    folded: bool = False
    """Whether it is shown only when asked for."""


@dataclass(frozen=True)
class Page:
    """A report."""

    title: str
    about: str
    sections: tuple[Section, ...]

    def html(self) -> str:
        """The page as one file that needs no other, and no script."""
        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        source = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
        return environment.from_string(source).render(page=self)


# Any: JSON values.
def flat(value: Any, place: str = "") -> dict[str, str]:
    """Settings inside settings by their names joined with dots, as text."""
    if isinstance(value, Mapping):
        parts = {f"{place}.{key}".lstrip("."): inner for key, inner in value.items()}
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        parts = {f"{place}.{number}": inner for number, inner in enumerate(value, start=1)}
    else:
        return {place: _as_text(value)}
    return {key: text for at, inner in parts.items() for key, text in flat(inner, at).items()}


# Any: JSON values.
def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_as_text, value)) or "none"
    return str(value)
