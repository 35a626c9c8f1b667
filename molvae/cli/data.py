"""Bring public data sets here."""

from pathlib import Path

from cyclopts import App

from molvae.cli.flags import OnScreen, Screen
from molvae.dataset.moses import fetch_moses

app = App(name="data")


@app.command
def moses(*, out: Path, wheel: Path | None = None, screen: OnScreen = Screen()) -> None:
    """Bring the MOSES benchmark set: train.csv, test.csv and test_scaffolds.csv.

    They lie in the wheel of molsets 0.3.1 (MIT) on PyPI; its checksum and theirs are verified. A
    broken download goes on where it stopped.

    Args:
        out: Folder for the files.
        wheel: A copy of the wheel, where there is no network.
    """
    found = fetch_moses(out, wheel, progress=screen.progress)
    files = {table: str(file) for table, file in found.items()}
    screen.tell(files, "\n".join(files.values()))
