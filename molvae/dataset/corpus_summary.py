"""Counts of the accepted and refused rows of a corpus, as text."""

from pathlib import Path

from molvae.dataset.store import StoreRecord

_MERGED = {
    "mean": "the mean is taken",
    "median": "the median is taken",
    "first": "the first value is taken",
    "refuse": "no value is taken",
}
"""Outcome of each rule for duplicates, for the summary."""


def summary_lines(record: StoreRecord, refusals_file: Path) -> list[str]:
    """Rows by outcome, with the notes on the file and on each property."""
    lines = [
        f"{record.rows:,} rows: {record.molecules:,} molecules accepted, "
        f"{sum(record.refused.values()):,} rows refused"
    ]
    lines += [f"  note: {note}" for note in record.notes]
    counts = sorted(record.refused.items(), key=lambda item: (-item[1], item[0]))
    lines += [f"  {count:>9,}  {reason}" for reason, count in counts]
    if counts:
        lines.append(f"  each with its line and text in {refusals_file}")
    if record.changed:
        changes = ", ".join(f"{count:,} {name}" for name, count in sorted(record.changed.items()))
        lines.append(f"  of the accepted: {changes}")
    for name in record.property_names:
        lines += [f"  {name}: {line}" for line in _label_lines(record, name)]
    return lines


def _label_lines(record: StoreRecord, name: str) -> list[str]:
    """Lines of the summary about a property."""
    lines = []
    settings = record.key["settings"]
    if missing := record.missing[name]:
        lines.append(f"no value for {missing:,} molecules")
    if wrong := record.not_numbers[name]:
        lines.append(f"not a number for {wrong:,} molecules, taken as no value")
    if qualified := record.qualified.get(name):
        counts = ", ".join(f"{count:,} {sign}" for sign, count in qualified.items())
        is_used = settings["qualified_values"] == "use"
        outcome = "the numbers are used as they are" if is_used else "refused, taken as no value"
        lines.append(f"{sum(qualified.values()):,} values with a qualifier ({counts}); {outcome}")
    if merged := record.merged.get(name):
        outcome = _MERGED[settings["duplicates"]]
        lines.append(f"rows of {merged:,} molecules disagree; {outcome}")
    return lines
