"""Write the pages of a static site into a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from molvae.files import write_bytes
from molvae.guides import title
from molvae.site.markdown import render, style_sheet

_FOLDER = files("molvae.site")


@dataclass(frozen=True)
class Page:
    """A page of the site."""

    name: str
    """Name of its file without the ending; `index` is the page to begin with."""
    text: str
    """Markdown that begins with the title as a heading of level 1."""
    group: str
    """Heading above its entry in the navigation; pages of a group follow each other."""
    entry: str
    """Its entry in the navigation."""


def write_site(
    pages: Sequence[Page], folder: Path, pictures: Mapping[str, bytes] | None = None
) -> list[Path]:
    """Write an HTML file per page, pictures and a style sheet; return the HTML files.

    Files of these names are replaced, others are left alone.

    Args:
        pages: pages, in the order of the navigation.
        folder: folder of the site.
        pictures: contents of the pictures that the pages show, by the names of their files.

    Raises:
        FileError: a file cannot be written.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(_read("page.html"))
    names = {page.name for page in pages}
    groups = [(group, list(members)) for group, members in groupby(pages, lambda page: page.group)]
    written = []
    for page in pages:
        path = folder / f"{page.name}.html"
        html = render(page.text, names)
        text = template.render(page=page, title=title(page.text), groups=groups, html=html)
        write_bytes(path, text.encode())
        written.append(path)
    for name, content in (pictures or {}).items():
        write_bytes(folder / name, content)
    dark = f"@media (prefers-color-scheme: dark) {{\n{style_sheet('dark')}\n}}\n"
    css = f"{_read('site.css')}\n{style_sheet('light')}\n{dark}"
    write_bytes(folder / "site.css", css.encode())
    return written


def _read(name: str) -> str:
    return _FOLDER.joinpath(name).read_text(encoding="utf-8")
