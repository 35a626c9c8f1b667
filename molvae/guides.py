"""Guides that ship with the package, as Markdown."""

from importlib.resources import files

_ORDER = (
    "start",
    "data",
    "train",
    "scale",
    "generate",
    "optimize",
    "objectives",
    "scorers",
    "explore",
    "reports",
    "trust",
    "benchmarks",
    "files",
    "faq",
    "glossary",
)
"""Topics in the order in which they are listed, those that one reads first in front."""


def guides() -> dict[str, str]:
    """Title of each guide by its topic, in reading order."""
    entries = files("molvae").joinpath("docs").iterdir()
    names = {entry.name.removesuffix(".md") for entry in entries if entry.name.endswith(".md")}
    known = [name for name in _ORDER if name in names]
    ordered = [*known, *sorted(names.difference(known))]
    return {name: title(guide_text(name)) for name in ordered}


def title(text: str) -> str:
    """Title of a Markdown text, which is its first line."""
    return text.partition("\n")[0].removeprefix("# ")


def guide_text(topic: str) -> str:
    """Text of the guide to a topic that `guides` lists."""
    return files("molvae").joinpath("docs", f"{topic}.md").read_text(encoding="utf-8")


def pictures() -> dict[str, bytes]:
    """Contents of the PNG files that the guides show, by the names of the files."""
    entries = files("molvae").joinpath("docs").iterdir()
    return {entry.name: entry.read_bytes() for entry in entries if entry.name.endswith(".png")}
