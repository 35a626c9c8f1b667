import gzip
import hashlib
import zipfile

import numpy as np
import pytest
from file_server import served

from molvae.dataset.moses import MOSES, WHEEL_NAME, MosesSource, fetch_moses
from molvae.errors import FileError

TABLES = {
    "train": b"SMILES\n" + b"CCO\nCCN\n" * 40_000,
    "test": b"SMILES\nCCS\n",
    "test_scaffolds": b"SMILES\nCCF\n",
}
METADATA = "Metadata-Version: 2.1\nName: molsets\nVersion: 0.3.1\n"
TAG = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel with the names of the real one, and padding that makes it several blocks long."""
    path = tmp_path_factory.mktemp("index") / WHEEL_NAME
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in TABLES.items():
            packed.writestr(f"moses/dataset/data/{name}.csv.gz", gzip.compress(text, mtime=0))
        packed.writestr("moses/padding", np.random.default_rng(0).bytes(3_000_000))
        packed.writestr("molsets-0.3.1.dist-info/METADATA", METADATA)
        packed.writestr("molsets-0.3.1.dist-info/WHEEL", TAG)
        packed.writestr("molsets-0.3.1.dist-info/RECORD", "")
    return path


def source(url, wheel):
    checksums = {name: hashlib.sha256(text).hexdigest() for name, text in TABLES.items()}
    return MosesSource(url, hashlib.sha256(wheel.read_bytes()).hexdigest(), checksums)


def check(files, out):
    assert files == {name: out / f"{name}.csv" for name in TABLES}
    assert {name: file.read_bytes() for name, file in files.items()} == TABLES
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{name}.csv" for name in TABLES)


@pytest.fixture
def no_pip(monkeypatch):
    """A pip that finds nothing, without asking the network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def test_a_wheel_at_hand_is_unpacked(tmp_path, wheel):
    check(fetch_moses(tmp_path / "moses", wheel, source("unused:", wheel)), tmp_path / "moses")


def test_the_wheel_is_downloaded_and_leaves_nothing_behind(tmp_path, wheel, capfd):
    with served({WHEEL_NAME: wheel.read_bytes()}, 1_000_000) as server:
        found = fetch_moses(tmp_path, source=source(server.url(WHEEL_NAME), wheel), progress=True)
    check(found, tmp_path)
    assert server.ranges == [None, "bytes=1000000-"]
    assert WHEEL_NAME in capfd.readouterr().err


def test_a_wheel_that_an_earlier_run_fetched_is_used(tmp_path, wheel):
    (tmp_path / f"{WHEEL_NAME}.part").write_bytes(wheel.read_bytes())
    check(fetch_moses(tmp_path, source=source("http://127.0.0.1:9/", wheel)), tmp_path)


def test_tables_that_are_there_are_kept(tmp_path, wheel):
    fetch_moses(tmp_path, wheel, source("unused:", wheel))
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    check(fetch_moses(tmp_path, source=source("http://127.0.0.1:9/", wheel)), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times


def test_somebody_elses_file_of_that_name_is_not_touched(tmp_path, wheel):
    (tmp_path / "test.csv").write_text("mine")
    with pytest.raises(FileError, match="choose another folder"):
        fetch_moses(tmp_path, wheel, source("unused:", wheel))
    assert [path.name for path in tmp_path.iterdir()] == ["test.csv"]
    assert (tmp_path / "test.csv").read_text() == "mine"


def test_pip_is_asked_when_the_address_does_not_answer(tmp_path, wheel, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    check(fetch_moses(tmp_path, source=source("http://127.0.0.1:9/", wheel)), tmp_path)


@pytest.mark.usefixtures("no_pip")
def test_no_source_at_all_is_told_in_one_line_and_the_part_is_kept(tmp_path, wheel):
    with (
        served({WHEEL_NAME: wheel.read_bytes()}, 400_000, *[0] * 10) as server,
        pytest.raises(FileError, match="pass it as `wheel`, or try again") as caught,
    ):
        fetch_moses(tmp_path, source=source(server.url(WHEEL_NAME), wheel))
    assert "the connection was lost" in str(caught.value)
    assert "molsets==0.3.1" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [400_000]


def test_another_wheel_is_refused(tmp_path, wheel):
    with pytest.raises(FileError, match="its SHA-256 is"):
        fetch_moses(tmp_path / "out", wheel)
    with pytest.raises(FileError, match="no file"):
        fetch_moses(tmp_path / "out", tmp_path / "absent.whl")
    assert not (tmp_path / "out").exists()


def test_a_wheel_with_other_tables_is_refused_and_nothing_stays(tmp_path, wheel):
    real = source("unused:", wheel)
    wrong = MosesSource(real.url, real.checksum, {"train": "0" * 64})
    with pytest.raises(FileError, match="is not the table of MOSES"):
        fetch_moses(tmp_path, wheel, wrong)
    absent = MosesSource(real.url, real.checksum, {"extra": "0" * 64})
    with pytest.raises(FileError, match="holds no readable"):
        fetch_moses(tmp_path, wheel, absent)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path, wheel):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="choose another place"):
        fetch_moses(tmp_path / "file", wheel, source("unused:", wheel))
    with pytest.raises(FileError, match="choose another place"):
        fetch_moses(tmp_path / "file", source=source("http://127.0.0.1:9/", wheel))


def test_the_address_is_that_of_the_checked_wheel():
    assert MOSES.url.endswith(f"/{WHEEL_NAME}")
    assert list(MOSES.tables) == ["train", "test", "test_scaffolds"]
    assert {len(checksum) for checksum in [MOSES.checksum, *MOSES.tables.values()]} == {64}
