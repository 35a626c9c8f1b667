"""Bring public data sets here."""

from pathlib import Path

from cyclopts import App

from molvae.cli.flags import OnScreen, Screen
from molvae.dataset.moses import fetch_moses
from molvae.dataset.zinc import fetch_zinc250k

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
    _tell(found, screen)


@app.command
def zinc250k(*, out: Path, source: Path | None = None, screen: OnScreen = Screen()) -> None:
    """Bring ZINC250k in the split of JT-VAE: train.csv, valid.csv and test.csv.

    220,010, 24,445 and 5,000 molecules: valid and test are the lists of Jin et al. (2018), train is
    the rest of the set of Gomez-Bombarelli et al. (2018). The files come from GitHub; their
    checksums and those of the tables are verified. A broken download goes on where it stopped.

    Args:
        out: Folder for the files.
        source: Folder with zinc.txt.gz, valid.txt and test.txt, where there is no network.
    """
    _tell(fetch_zinc250k(out, source, progress=screen.progress), screen)


def _tell(found: dict[str, Path], screen: Screen) -> None:
    files = {table: str(file) for table, file in found.items()}
    screen.tell(files, "\n".join(files.values()))
