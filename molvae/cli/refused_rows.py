"""The list of refused rows that a command writes next to its output."""

from collections.abc import Sequence
from pathlib import Path

from molvae.cli.output import log
from molvae.dataset.rows import RefusedRow
from molvae.encoding import write_refused


def report_refused(out: Path, refused: Sequence[RefusedRow]) -> None:
    """Write the refused rows to OUT.refused.csv, and say so; without any, remove an older list."""
    path = out.with_name(f"{out.name}.refused.csv")
    path.unlink(missing_ok=True)
    if refused:
        write_refused(path, refused)
        log.warning(f"{len(refused)} rows refused; see {path} for the reasons")
