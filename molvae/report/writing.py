"""write_report: the page of a run, a file of molecules or a measurement, as an HTML file."""

from pathlib import Path

from molvae.dataset.layout import ColumnChoice
from molvae.errors import FileError, RunError
from molvae.files import STANDARD_STREAM, atomic_write
from molvae.report.config import ReportConfig
from molvae.report.measurements import measurement_page
from molvae.report.page import Page
from molvae.report.records import read_settings
from molvae.report.search import search_page
from molvae.report.table import table_page
from molvae.report.training import training_page
from molvae.runs import RunDirectory

_HTML = (".html", ".htm")


def write_report(
    source: RunDirectory | Path | str,
    out: Path | None = None,
    config: ReportConfig | None = None,
    columns: ColumnChoice | None = None,
) -> Path:
    """Write a report, and return its file.

    Args:
        source: folder of a training or a search, which may be in progress, or have been
            interrupted; a file of molecules, `-` for standard input; or the JSON file of an
            evaluation, a diagnosis, or a benchmark of a latent space.
        out: HTML file, `-` for standard output; None writes `report.html` into the folder, or, for
            a file such as `samples.csv`, `samples.csv.html` beside it; a page about standard input
            is printed.
        config: what is drawn, and what it is compared with.
        columns: the column of a file of molecules; None finds it.

    Raises:
        RunError: the folder holds neither a training nor a search, or its journal is damaged.
        FileError: `source` does not exist, a file of the run is damaged, or the report cannot be
            written.
        DataError: a file of molecules cannot be read.
        ModelError: the model is damaged, or not there.
    """
    path = source.path if isinstance(source, RunDirectory) else Path(source)
    config, columns = config or ReportConfig(), columns or ColumnChoice()
    if path != STANDARD_STREAM and not path.exists():
        raise FileError(f"no file or folder {str(path)!r}")
    if path.is_dir() and path != STANDARD_STREAM:
        run = RunDirectory(path)
        page, default = _run_page(run, config), run.report
    else:
        is_json = path.suffix.lower() == ".json"
        page = measurement_page(path) if is_json else table_page(path, config, columns)
        default = path.with_name(f"{path.name}.html") if path != STANDARD_STREAM else path
    out = out or default
    is_inside = out != STANDARD_STREAM and out.resolve().parent == default.parent.resolve()
    if is_inside and out.exists() and out.suffix.lower() not in _HTML:
        raise RunError(f"{str(out)!r} is not an HTML file; write the report elsewhere")
    text = page.html()
    with atomic_write(out) as stream:
        stream.write(text)
    return out


def _run_page(run: RunDirectory, config: ReportConfig) -> Page:
    if not run.settings.is_file():
        raise RunError(
            f"{str(run.path)!r} holds no run; expected the folder of a training or a search, a "
            "file of molecules, or the JSON file of an evaluation, a diagnosis or a benchmark"
        )
    if run.journal.is_file():
        return search_page(run, config)
    if "search" in read_settings(run.settings):
        raise RunError(
            f"the search {str(run.path)!r} was interrupted before its first call; resume it"
        )
    return training_page(run, config)
