"""The list of refused rows that a command writes next to its output."""

from collections.abc import Sequence
from pathlib import Path

from molvae.cli.output import log
from molvae.dataset.rows import RefusedRow
from molvae.encoding import write_refused
from molvae.files import STANDARD_STREAM


def report_inexact(exact: Sequence[int], lines: Sequence[int], smiles: Sequence[str]) -> None:
    """Say which molecules the model does not give back; `exact` has 0 for each of them."""
    inexact = [index for index, comes_back in enumerate(exact) if not comes_back]
    if inexact:
        examples = ", ".join(f"line {lines[index]} ({smiles[index]})" for index in inexact[:3])
        log.warning(
            f"{len(inexact)} of {len(exact)} molecules do not come back from their latent "
            f"vectors, such as {examples}"
        )


def report_refused(out: Path, refused: Sequence[RefusedRow]) -> None:
    """Write the refused rows to OUT.refused.csv, and say so; without any, remove an older list.

    Beside a table on standard output there is no file: the first refused row is named.
    """
    rows = "1 row" if len(refused) == 1 else f"{len(refused):,} rows"
    if out == STANDARD_STREAM:
        for row in refused[:1]:
            first = f"line {row.line} ({row.reason}: {row.text[:60]!r})"
            log.warning(f"{rows} refused, the first on {first}")
        return
    path = out.with_name(f"{out.name}.refused.csv")
    path.unlink(missing_ok=True)
    if refused:
        write_refused(path, refused)
        log.warning(f"{rows} refused; see {path} for the reasons")
