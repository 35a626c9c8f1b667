"""Tables of what kills, flipped bits and a pass through SELFIES did."""

from typing import Any

from markdown_tables import commands, table


# Any: JSON values, here and below.
def faults(records: dict[str, dict[str, Any]]) -> str:
    """A table of all sweeps of kills, and one per other record."""
    kills = [records[name] for name in sorted(records) if name.startswith("kills")]
    tables = {"flips": _flips, "identity": _identity}
    sections = [_kills(kills) + commands(*kills)] if kills else []
    sections += [
        tables[name](records[name]) + commands(records[name]) for name in tables if name in records
    ]
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


def _flips(record: dict[str, Any]) -> str:
    outcomes = ("refused", "made anew", "read", "believed", "traceback")
    heading = ["file", "refused", "made anew", "read as written", "believed", "tracebacks"]
    rows = [
        [kind, *(str(counts.get(outcome, 0)) for outcome in outcomes)]
        for kind, counts in record["flips"].items()
    ]
    return f"### Flipped bits\n\n{table(heading, rows)}"


def _identity(record: dict[str, Any]) -> str:
    counts: dict[str, int] = {}
    for outcomes in record["identity"].values():
        for outcome, count in outcomes.items():
            counts[outcome] = counts.get(outcome, 0) + count
    rows = [[outcome, f"{count:,}"] for outcome, count in counts.items()]
    return f"### Molecule to tokens to molecule\n\n{table(['outcome', 'molecules'], rows)}"
