"""What every report tells of a run: who made it, under which settings, from what."""

import csv
from collections import Counter
from typing import Any

from molvae.files import read_json
from molvae.report.page import Section, Table, flat
from molvae.runs import RunDirectory

_SHOWN = 10


def origin_sections(run: RunDirectory) -> tuple[Section, ...]:
    """How the run was made, and all its settings."""
    rows = tuple(flat(read_json(run.settings)).items())
    settings = Section("Settings", table=Table(("setting", "value"), rows), folded=True)
    if not run.provenance.is_file():
        return (settings,)
    facts = read_json(run.provenance)
    versions = facts.pop("packages")
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (Section("How it was made", facts=flat(facts)), settings)


def refusals(run: RunDirectory) -> tuple[Section, ...]:
    """How many rows were refused for which reason, and the first of them; none without any."""
    if not run.refused.is_file():
        return ()
    with run.refused.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        return ()
    counts = Counter(row["reason"] for row in rows)
    first = tuple(tuple(row.values()) for row in rows[:_SHOWN])
    told = f"{len(rows):,} rows of the data were refused; the first of them stand here, all of "
    return (
        Section(
            "Refused rows",
            text=f"{told}them in {run.refused.name}.",
            facts={reason: f"{count:,}" for reason, count in counts.most_common()},
            table=Table(tuple(rows[0]), first),
        ),
    )


# Any: JSON values.
def summary_of(run: RunDirectory) -> dict[str, Any] | None:
    """What the run came to; None while it has not ended."""
    return read_json(run.summary) if run.summary.is_file() else None
