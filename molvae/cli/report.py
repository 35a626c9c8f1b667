"""`molvae report`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.cli.flags import (
    OptionalOutFile,
    ReadStructures,
    StructureColumn,
    check_apart,
    flags_of,
)
from molvae.cli.output import Output, OutputFlags
from molvae.errors import ConfigError
from molvae.files import STANDARD_STREAM
from molvae.report.config import ReportConfig


def report(
    source: Path,
    /,
    *,
    out: OptionalOutFile = None,
    model: Annotated[Path | None, Parameter(name="--model", alias="-m")] = None,
    columns: ReadStructures = StructureColumn(),
    settings: Annotated[ReportConfig, flags_of("Settings", hidden=("model",))] = ReportConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Write an HTML page about a run, a file of molecules or a measurement.

    A training: curves, examples of reconstruction, samples beside the data, a latent map. A search:
    its best molecules, curves and sources. A file of molecules, as generate and traverse write it:
    properties, and the nearest molecules of a reference. A result of evaluate, diagnose, benchmark
    explore or benchmark latent.
    Molecules are in a table to sort, search and download. The page needs no other file and no
    network. A run may still be in progress, or have been interrupted.

    Args:
        source: Folder of a run of train or optimize; CSV, TSV, SMI, SDF or Parquet file of
            molecules, `-` reads standard input; or JSON file of evaluate, diagnose or benchmark.
        out: HTML file; `-` prints the page. Default: report.html in the folder of the run, or
            samples.csv.html beside a file samples.csv; a page about standard input is printed.
        model: Model whose latent space is drawn as a map of the molecules: a folder, a training
            run, or the name of a shipped model. A training uses its own.
    """
    if out is not None:
        for file in filter(None, (source, settings.reference)):
            check_apart(file, out)
        if out.is_file() and out.suffix.lower() not in (".html", ".htm"):
            raise ConfigError(
                f"{str(out)!r} exists and is not an HTML file; choose another name for --out"
            )
    with output.activity("drawing the report"):
        from molvae.report.writing import write_report

        config = settings.with_changes({"model": model})
        written = write_report(source, out, config, columns.choice())
    if written != STANDARD_STREAM:
        output.show({"report": str(written)}, str(written))
