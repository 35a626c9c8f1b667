"""Tables of what kills, flipped bits and a pass through SELFIES did."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from markdown_tables import commands, table


# Any: JSON values, here and below.
def faults(records: dict[str, dict[str, Any]]) -> str:
    """A table per kind of record, of which the names begin with the kind."""
    sections = []
    for kind, write in {"kills": _kills, "flips": _flips, "identity": _identity}.items():
        if rows := [records[name] for name in sorted(records) if name.startswith(kind)]:
            sections.append(write(rows) + commands(*rows))
    return "\n\n".join(sections)


def _kills(records: list[dict[str, Any]]) -> str:
    heading = [
        "command: process",
        "kills",
        "processes left after 10 s",
        "silent waits",
        "unclear messages",
        "files left",
        "not repeatable",
        "longest end, s",
    ]
    columns = ("kills", "left", "waited", "unclear", "litter", "lost", "slowest_end_seconds")
    rows = [
        [name, *(f"{tally[column]:g}" for column in columns)]
        for record in records
        for name, tally in record["kills"].items()
    ]
    return f"### Kills\n\n{table(heading, rows)}"


def _flips(records: list[dict[str, Any]]) -> str:
    outcomes = ("refused", "made anew", "read", "believed", "traceback")
    heading = ["file", "refused", "made anew", "read as written", "believed", "tracebacks"]
    rows = [
        [kind, *(str(counts.get(outcome, 0)) for outcome in outcomes)]
        for record in records
        for kind, counts in record["flips"].items()
    ]
    return f"### Flipped bits\n\n{table(heading, rows)}"


def _identity(records: list[dict[str, Any]]) -> str:
    columns = [_sum(record["identity"].values()) for record in records]
    files = [", ".join(record["identity"]) for record in records]
    rows = [
        [outcome, *(f"{counts[outcome]:,}" for counts in columns)]
        for outcome in sum(columns, Counter())
    ]
    return f"### Molecule to tokens to molecule\n\n{table(['outcome', *files], rows)}"


def _sum(outcomes: Iterable[dict[str, int]]) -> Counter[str]:
    return sum(map(Counter, outcomes), Counter())
