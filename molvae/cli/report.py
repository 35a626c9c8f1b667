"""`molvae report`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from molvae.cli.flags import OnScreen, Screen
from molvae.report.writing import write_report
from molvae.runs import RunDirectory


def report(
    run: Path,
    /,
    *,
    out: Path | None = None,
    molecules: Annotated[int, Parameter(validator=Number(gte=0))] = 24,
    screen: OnScreen = Screen(),
) -> None:
    """Tell of a training or a search in one HTML page, with its curves and its best molecules.

    The page needs no other file and no network. The run may still go on, or have been cut off.

    Args:
        run: Folder of a run of `molvae train` or `molvae optimize`.
        out: HTML file; report.html in the folder of the run without it.
        molecules: How many of the best molecules of a search are drawn.
    """
    written = write_report(RunDirectory(run), out, molecules)
    screen.tell({"report": str(written)}, str(written))
