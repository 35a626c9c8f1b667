"""Markdown for the result tables."""

from typing import Any


def table(heading: list[str], rows: list[list[str]]) -> str:
    """A Markdown table whose first column is text and whose other columns are figures."""
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *rows])


# Any: JSON values.
def commands(*records: dict[str, Any]) -> str:
    """The commands that made the records, in a block that folds away."""
    lines = "\n".join(record["provenance"]["command"] for record in records)
    summary = "Commands" if records[1:] else "Command"
    return f"\n\n<details><summary>{summary}</summary>\n\n```text\n{lines}\n```\n\n</details>"


def figure(value: float | None) -> str:
    """Three decimals, or a dash for None."""
    return "-" if value is None else f"{value:.3f}"


def spread(statistics: dict[str, float | None]) -> str:
    """Mean ± standard deviation, or a dash without a mean."""
    if statistics["mean"] is None:
        return "-"
    return f"{statistics['mean']:.2f} ± {statistics['std']:.2f}"


def label(name: str, record: dict[str, Any]) -> str:
    """Row label of a record: its `label`, or else the name of its file."""
    return str(record.get("label", name))
