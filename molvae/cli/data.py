"""Download public data sets."""

from pathlib import Path

from cyclopts import App

from molvae.cli.flags import OutFolder
from molvae.cli.output import Output, OutputFlags

app = App(name="data")


@app.command
def moses(*, out: OutFolder, wheel: Path | None = None, output: OutputFlags = Output()) -> None:
    """Download the MOSES benchmark set: train.csv, test.csv and test_scaffolds.csv.

    The files come from the wheel of molsets 0.3.1 (MIT) on PyPI; checksums are verified. An
    interrupted download continues where it stopped.

    Args:
        out: Folder for the files.
        wheel: A copy of the wheel, if this machine has no network.
    """
    from molvae.dataset.moses import fetch_moses

    _show(fetch_moses(out, wheel, progress=output.progress), output)


@app.command
def zinc250k(*, out: OutFolder, source: Path | None = None, output: OutputFlags = Output()) -> None:
    """Download ZINC250k in the split of JT-VAE: train.csv, valid.csv and test.csv.

    220,010, 24,445 and 5,000 molecules: valid and test are the lists of Jin et al. (2018), train is
    the rest of the set of Gomez-Bombarelli et al. (2018). The files come from GitHub; checksums are
    verified. An interrupted download continues where it stopped.

    Args:
        out: Folder for the files.
        source: Folder with zinc.txt.gz, valid.txt and test.txt, if this machine has no network.
    """
    from molvae.dataset.zinc import fetch_zinc250k

    _show(fetch_zinc250k(out, source, progress=output.progress), output)


@app.command
def chembl(
    *,
    out: OutFolder,
    table: Path | None = None,
    release: int | None = None,
    output: OutputFlags = Output(),
) -> None:
    """Download ChEMBL and clean it: train.csv, valid.csv and test.csv with ChEMBL identifiers.

    Keeps molecules of 6 to 60 heavy atoms without isotopes, radicals or metals, removes salts and
    duplicates, and holds out 1 % each for validation and test. The file comes from the EBI; its
    checksum is verified. An interrupted download continues where it stopped. ChEMBL is licensed
    under CC BY-SA 3.0.

    Args:
        out: Folder for the files.
        table: A copy of chembl_NN_chemreps.txt.gz, if this machine has no network.
        release: Number of the release, 35 by default.
    """
    from molvae.dataset.chembl import ChemblSource, fetch_chembl

    source = ChemblSource() if release is None else ChemblSource(release)
    _show(fetch_chembl(out, table, source, progress=output.progress), output)


def _show(tables: dict[str, Path], output: Output) -> None:
    files = {table: str(file) for table, file in tables.items()}
    output.show(files, "\n".join(files.values()))
