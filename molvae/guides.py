"""Guides that ship with the package, as Markdown."""

from importlib.resources import files


def guides() -> dict[str, str]:
    """Title of each guide by its topic, sorted."""
    names = sorted(
        entry.name.removesuffix(".md")
        for entry in files("molvae").joinpath("docs").iterdir()
        if entry.name.endswith(".md")
    )
    return {name: guide_text(name).partition("\n")[0].removeprefix("# ") for name in names}


def guide_text(topic: str) -> str:
    """Text of the guide to a topic that `guides` lists."""
    return files("molvae").joinpath("docs", f"{topic}.md").read_text(encoding="utf-8")
