"""Pieces of the tables of the README, in Markdown."""

from typing import Any


def table(heading: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; figures stand at the right."""
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *rows])


def commands(*records: dict[str, Any]) -> str:
    """The commands that the figures come from, folded away."""
    lines = "\n".join(record["provenance"]["command"] for record in records)
    what = "Commands" if records[1:] else "Command"
    return f"\n\n<details><summary>{what}</summary>\n\n```text\n{lines}\n```\n\n</details>"


def figure(value: float | None) -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def spread(found: dict[str, float | None]) -> str:
    """Mean and standard deviation, or a dash where there are none."""
    return "-" if found["mean"] is None else f"{found['mean']:.2f} ± {found['std']:.2f}"
