"""write_report: the page of a training or a search, as an HTML file."""

from pathlib import Path

from molvae.errors import RunError
from molvae.files import atomic_write
from molvae.report.page import Page
from molvae.report.records import read_settings
from molvae.report.search import search_page
from molvae.report.training import training_page
from molvae.runs import RunDirectory


def write_report(run: RunDirectory, out: Path | None = None, molecules: int = 24) -> Path:
    """Write the report of a training or a search, and return its file.

    Args:
        run: its folder; the run may be in progress, or have been interrupted.
        out: HTML file; None writes report.html into the folder.
        molecules: how many of the best molecules of a search are drawn.

    Raises:
        RunError: the folder holds neither a training nor a search, or its journal is damaged.
        FileError: a file of the run is damaged, or the report cannot be written.
    """
    page = _page(run, molecules).html()
    path = out or run.report
    is_inside = path.resolve().parent == run.path.resolve()
    if is_inside and path.exists() and path.suffix.lower() not in (".html", ".htm"):
        raise RunError(f"{str(path)!r} is not an HTML file; write the report elsewhere")
    with atomic_write(path) as stream:
        stream.write(page)
    return path


def _page(run: RunDirectory, molecules: int) -> Page:
    if not run.settings.is_file():
        raise RunError(
            f"{str(run.path)!r} holds no run; expected the folder of a training or a search"
        )
    if run.journal.is_file():
        return search_page(run, molecules)
    if "search" in read_settings(run.settings):
        raise RunError(
            f"the search {str(run.path)!r} was interrupted before its first call; resume it"
        )
    return training_page(run)
