"""`molvae report`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from molvae.cli.flags import OptionalOutFile
from molvae.cli.output import Output, OutputFlags
from molvae.runs import RunDirectory


def report(
    run: Path,
    /,
    *,
    out: OptionalOutFile = None,
    molecules: Annotated[int, Parameter(validator=Number(gte=0))] = 24,
    output: OutputFlags = Output(),
) -> None:
    """Write an HTML page about a training or a search: its curves and its best molecules.

    The page needs no other file and no network. The run may still be in progress, or have been
    interrupted.

    Args:
        run: Folder of a run of `molvae train` or `molvae optimize`.
        out: HTML file. Default: report.html in the folder of the run.
        molecules: How many of the best molecules of a search are drawn.
    """
    with output.activity("drawing the report"):
        from molvae.report.writing import write_report

        written = write_report(RunDirectory(run), out, molecules)
    output.show({"report": str(written)}, str(written))
