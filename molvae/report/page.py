"""Page: the sections of a report, and their HTML."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from molvae.report.page_molecules import PageMolecules

TEMPLATE = "page.html"
STYLE = "page.css"
SCRIPTS = ("structures.js", "molecules.js")
"""In this order they are one script."""


@dataclass(frozen=True)
class Picture:
    """An SVG picture."""

    svg: str
    about: str
    """Caption below the picture, and its description for screen readers."""

    @property
    def address(self) -> str:
        """The picture as a `data:` address, so that identifiers inside it cannot clash."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()


@dataclass(frozen=True)
class Card:
    """A molecule with lines of text."""

    picture: Picture
    lines: tuple[str, ...]
    smiles: str = ""
    """SMILES that a click copies; empty for none."""
    second: Picture | None = None
    """Another molecule, drawn beside the first."""


@dataclass(frozen=True)
class Table:
    """Rows of cells with headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class View(StrEnum):
    """Interactive views of the molecules of a page."""

    TABLE = "table"
    """Cards or table rows, to sort, search and download."""
    MAP = "map"
    """Points of a latent space."""


@dataclass(frozen=True)
class Section:
    """A section of a page; empty fields are left out."""

    title: str
    text: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    cards: tuple[Card, ...] = ()
    table: Table | None = None
    view: View | None = None
    """View of the molecules of the page."""
    folded: bool = False
    """Whether it is collapsed until the reader opens it."""


@dataclass(frozen=True)
class Page:
    """A report."""

    title: str
    about: str
    sections: tuple[Section, ...]
    molecules: PageMolecules | None = None
    """Molecules that the views show."""

    def html(self) -> str:
        """The page as one file that refers to no other."""
        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        return environment.from_string(_resource(TEMPLATE)).render(
            page=self, style=_resource(STYLE), script="\n".join(map(_resource, SCRIPTS))
        )


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


# Any: JSON values.
def flat(value: Any, name: str = "") -> dict[str, str]:
    """Nested settings as text, by their names joined with dots."""
    if isinstance(value, Mapping):
        inner = {f"{name}.{key}".lstrip("."): item for key, item in value.items()}
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        inner = {f"{name}.{number}": item for number, item in enumerate(value, start=1)}
    else:
        return {name: _as_text(value)}
    return {key: text for path, item in inner.items() for key, text in flat(item, path).items()}


# Any: JSON values.
def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_as_text, value)) or "none"
    return str(value)
