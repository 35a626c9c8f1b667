"""The MOSES data set (Polykovskiy et al. 2020), from the PyPI wheel of molsets 0.3.1 (MIT)."""

import gzip
import http.client
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from molvae.errors import FileError
from molvae.files import sha256, written_whole

WHEEL_NAME = "molsets-0.3.1-py3-none-any.whl"

_BLOCK = 1 << 18
_TRIES = 5
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class MosesSource:
    """Where the wheel lies, its SHA-256, and that of each table in it."""

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

    Files that are there already are kept. A broken download goes on where it stopped.

    Args:
        out: folder for the files.
        wheel: a copy of the wheel to take them from; None downloads it.
        source: where to download it; if that does not answer, pip is asked, which knows mirrors.
        progress: whether to show a bar.

    Raises:
        FileError: the wheel cannot be had or is another one, or a file of that name with other
            content is in the way, or `out` cannot be written to.
    """
    files = {table: out / f"{table}.csv" for table in source.tables}
    missing = [table for table, file in files.items() if not _is_there(file, source.tables[table])]
    if missing and wheel:
        _check(wheel, source)
        _make(out)
        _unpack(wheel, {table: files[table] for table in missing}, source)
    elif missing:
        _make(out)
        part = out / f"{WHEEL_NAME}.part"
        _download(part, source, progress=progress)
        _unpack(part, {table: files[table] for table in missing}, source)
        part.unlink()
    return files


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"could not make the folder {str(folder)!r}: {error.strerror or error}; "
            "choose another place"
        ) from error


def _is_there(file: Path, checksum: str) -> bool:
    if not file.exists():
        return False
    if not file.is_file() or sha256(file) != checksum:
        raise FileError(f"{str(file)!r} exists and is not that of MOSES; choose another folder")
    return True


def _check(wheel: Path, source: MosesSource) -> None:
    if not wheel.is_file():
        raise FileError(f"no file {str(wheel)!r}; check the path of the wheel")
    found = sha256(wheel)
    if found != source.checksum:
        raise FileError(
            f"{str(wheel)!r} is not {WHEEL_NAME}: its SHA-256 is {found}, "
            f"expected {source.checksum}; fetch it again"
        )


def _unpack(wheel: Path, files: Mapping[str, Path], source: MosesSource) -> None:
    """Take the tables out of a wheel; each is checked and gets its name once it is whole."""
    for table, file in files.items():
        member = f"moses/dataset/data/{table}.csv.gz"
        with written_whole(file, "wb") as stream:
            try:
                with zipfile.ZipFile(wheel) as packed, packed.open(member) as inner:
                    shutil.copyfileobj(gzip.GzipFile(fileobj=inner), stream, _BLOCK)
            except (KeyError, EOFError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error) as error:
                raise FileError(f"{str(wheel)!r} holds no readable {member}: {error}") from None
        if sha256(file) != source.tables[table]:
            file.unlink()
            raise FileError(f"{member} in {str(wheel)!r} is not the table of MOSES; fetch it again")


def _download(part: Path, source: MosesSource, *, progress: bool) -> None:
    """Bring the wheel here: what an earlier try left, then its address, then pip."""
    if part.is_file() and sha256(part) == source.checksum:
        return
    try:
        failure = _fetch(source.url, part, progress=progress)
        if failure:
            _fetch_by_pip(part, failure)
    except OSError as error:
        raise FileError(
            f"could not write {str(part)!r}: {error.strerror or error}; "
            "free some space or choose another place"
        ) from error
    try:
        _check(part, source)
    except FileError:
        part.unlink()
        raise


def _fetch(url: str, part: Path, *, progress: bool) -> str | None:
    """Download into `part`, going on where it ends; None, or why it did not come whole."""
    failure, left = "", _TRIES
    while left:
        before = _size(part)
        try:
            if _fetch_rest(url, part, progress=progress):
                return None
            failure = "the connection broke off"
        except urllib.error.HTTPError as error:
            failure = f"{error.code} {error.reason}"
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                # As long as the whole file or longer, with other content: no part of it.
                part.unlink()
            error.close()
        except (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError) as error:
            failure = str(getattr(error, "reason", error))
        except http.client.HTTPException as error:
            failure = repr(error)
        left = _TRIES if _size(part) > before else left - 1
    return f"{url}: {failure}"


def _fetch_rest(url: str, part: Path, *, progress: bool) -> bool:
    """Append what `part` lacks; whether it is whole then."""
    begun = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={begun}-"} if begun else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        # A server that knows no ranges sends everything again.
        at = begun if response.status == HTTPStatus.PARTIAL_CONTENT else 0
        length = response.headers.get("Content-Length")
        total = at + int(length) if length else None
        bar = tqdm(
            desc=WHEEL_NAME, total=total, initial=at, unit="B", unit_scale=True,
            disable=not progress,
        )  # fmt: skip
        with bar, part.open("ab" if at else "wb") as stream:
            while block := response.read(_BLOCK):
                stream.write(block)
                bar.update(len(block))
    return total is None or _size(part) == total


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _fetch_by_pip(part: Path, failure: str) -> None:
    """Ask pip for the wheel.

    Raises:
        FileError: pip does not get it either; `failure` tells why the direct way did not work.
    """
    with TemporaryDirectory() as folder:
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, "--dest", folder, "molsets==0.3.1"],
            capture_output=True,
            text=True,
            check=False,
        )
        found = Path(folder) / WHEEL_NAME
        if not found.is_file():
            last = next(iter(done.stderr.strip().splitlines()[-1:]), "no reason given")
            raise FileError(
                f"could not fetch {WHEEL_NAME} ({failure}; pip: {last}); "
                "download it elsewhere and pass it with --wheel, or try again"
            )
        shutil.copyfile(found, part)
