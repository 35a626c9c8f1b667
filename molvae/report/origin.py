"""What every report tells of a run: who made it, under which settings, from what."""

from collections import Counter

from molvae.report.page import Section, Table, flat
from molvae.report.records import Provenance, read_record, read_refused, read_settings
from molvae.runs import RunDirectory

_SHOWN = 10


def origin_sections(run: RunDirectory) -> tuple[Section, ...]:
    """How the run was made, and all its settings."""
    rows = tuple(flat(read_settings(run.settings)).items())
    settings = Section("Settings", table=Table(("setting", "value"), rows), folded=True)
    if not run.provenance.is_file():
        return (settings,)
    found = read_record(Provenance, run.provenance)
    versions = ", ".join(f"{name} {version}" for name, version in found.packages.items())
    facts = {**(found.model_extra or {}), "versions": versions}
    return (Section("How it was made", facts=flat(facts)), settings)


def refusals(run: RunDirectory) -> tuple[Section, ...]:
    """How many rows were refused for which reason, and the first of them; none without any."""
    if not run.refused.is_file():
        return ()
    columns, rows = read_refused(run.refused)
    if not rows:
        return ()
    counts = Counter(row["reason"] for row in rows)
    first = tuple(tuple(row[name] for name in columns) for row in rows[:_SHOWN])
    told = f"{len(rows):,} rows of the data were refused; the first of them stand here, all of "
    return (
        Section(
            "Refused rows",
            text=f"{told}them in {run.refused.name}.",
            facts={reason: f"{count:,}" for reason, count in counts.most_common()},
            table=Table(tuple(columns), first),
        ),
    )
