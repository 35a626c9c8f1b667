"""Sections of every report: how the run was made, its settings, and refused rows."""

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
    provenance = read_record(Provenance, run.provenance)
    versions = ", ".join(f"{name} {version}" for name, version in provenance.packages.items())
    facts = {**(provenance.model_extra or {}), "versions": versions}
    return (Section("How it was made", facts=flat(facts)), settings)


def refusals(run: RunDirectory) -> tuple[Section, ...]:
    """Counts of refused rows by reason, and the first rows; empty if none was refused."""
    if not run.refused_rows.is_file():
        return ()
    columns, rows = read_refused(run.refused_rows)
    if not rows:
        return ()
    counts = Counter(row["reason"] for row in rows)
    first = tuple(tuple(row[name] for name in columns) for row in rows[:_SHOWN])
    return (
        Section(
            "Refused rows",
            text=f"{len(rows):,} rows were refused. The first are shown here, all are in "
            f"{run.refused_rows.name}.",
            facts={reason: f"{count:,}" for reason, count in counts.most_common()},
            table=Table(tuple(columns), first),
        ),
    )
