"""The MOSES data set (Polykovskiy et al. 2020), from the PyPI wheel of molsets 0.3.1 (MIT)."""

import gzip
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from molvae.dataset.download import SourceFile, download, make_folder, missing_tables
from molvae.errors import FileError
from molvae.files import atomic_write, sha256

WHEEL_NAME = "molsets-0.3.1-py3-none-any.whl"

_BLOCK = 1 << 18


@dataclass(frozen=True)
class MosesSource:
    """Address of the wheel, its SHA-256, and the SHA-256 of each table in it."""

    url: str
    checksum: str
    tables: Mapping[str, str]


MOSES = MosesSource(
    url="https://files.pythonhosted.org/packages/ca/04/"
    f"335f23e9ae95ca381ac7c3f335303dbbeb0f8a604d167891cf60c9360178/{WHEEL_NAME}",
    checksum="7f4450e3ebecebe79c3a2a55950c93daddee071120daf64a163d03481e811d34",
    tables={
        "train": "cc9d6e8e9534e25a7a36361529ae739ddda8036e9072b2fc5cea6930a0592144",
        "test": "0248e682a9c29ca7649184dd88a4edc83f48f0e84af6b923990069c3da4501b6",
        "test_scaffolds": "86c298db856515f4b31a90805de16a580c60a6adcc0ad700ae180d88ba0b9bce",
    },
)


def fetch_moses(
    out: Path, wheel: Path | None = None, source: MosesSource = MOSES, *, progress: bool = False
) -> dict[str, Path]:
    """The files train.csv, test.csv and test_scaffolds.csv in the folder `out`, by their stems.

    Files that are there already are kept. A broken download continues where it stopped.

    Args:
        out: folder for the files.
        wheel: a copy of the wheel to take them from; None downloads it.
        source: address of the wheel; if the download fails, pip is tried, which knows mirrors.
        progress: whether to show a bar.

    Raises:
        FileError: the wheel cannot be downloaded or is another file, a file of that name with
            other content exists, or `out` cannot be written to.
    """
    files = {table: out / f"{table}.csv" for table in source.tables}
    missing = missing_tables(files, source.tables, "MOSES")
    packed = SourceFile(WHEEL_NAME, source.url, source.checksum)
    if missing and wheel:
        if not wheel.is_file():
            raise FileError(f"no file {str(wheel)!r}; check the path of the wheel")
        packed.check(wheel)
        make_folder(out)
        _unpack(wheel, missing, source)
    elif missing:
        downloaded = download(packed, out, _fetch_by_pip, progress=progress)
        _unpack(downloaded, missing, source)
        downloaded.unlink()
    return files


def _unpack(wheel: Path, files: Mapping[str, Path], source: MosesSource) -> None:
    """Extract the tables from a wheel; each is checked and gets its name once it is complete."""
    for table, file in files.items():
        member = f"moses/dataset/data/{table}.csv.gz"
        with atomic_write(file, "wb") as stream:
            try:
                with zipfile.ZipFile(wheel) as packed, packed.open(member) as inner:
                    shutil.copyfileobj(gzip.GzipFile(fileobj=inner), stream, _BLOCK)
            except (KeyError, EOFError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error) as error:
                raise FileError(f"{str(wheel)!r} holds no readable {member}: {error}") from None
        if sha256(file) != source.tables[table]:
            file.unlink()
            raise FileError(f"{member} in {str(wheel)!r} is not the table of MOSES; fetch it again")


def _fetch_by_pip(path: Path, failure: str) -> None:
    """Download the wheel with pip.

    Raises:
        FileError: pip fails, too; `failure` is why the direct download failed.
    """
    with TemporaryDirectory() as folder:
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, "--dest", folder, "molsets==0.3.1"],
            capture_output=True,
            text=True,
            check=False,
        )
        wheel = Path(folder) / WHEEL_NAME
        if not wheel.is_file():
            last = next(iter(done.stderr.strip().splitlines()[-1:]), "no reason given")
            raise FileError(
                f"could not fetch {WHEEL_NAME} ({failure}; pip: {last}); "
                "download it elsewhere and pass it as `wheel`, or try again"
            )
        shutil.copyfile(wheel, path)
