import signal
import subprocess
import sys
from pathlib import Path

import pytest

from molvae.errors import RunError
from molvae.files import read_json
from molvae.runs import RunDirectory, provenance, write_record


def test_a_run_directory_is_made_where_nothing_is(tmp_path):
    assert RunDirectory.create(tmp_path / "a" / "run").path.is_dir()
    assert RunDirectory.create(tmp_path / "a" / "run").path.is_dir()


def test_a_place_that_is_taken_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(RunError, match="exists already; continue it with `resume`"):
            RunDirectory.create(path)


def test_what_a_killed_process_left_behind_is_not_in_the_way(tmp_path):
    (tmp_path / ".settings.json.0a1b2c3d.part").write_text("{")
    assert RunDirectory.create(tmp_path).path == tmp_path


def test_no_two_files_of_a_run_share_a_name():
    names = [name for name, kind in vars(RunDirectory).items() if isinstance(kind, property)]
    paths = {getattr(RunDirectory(Path("run")), name) for name in names}
    assert len(paths) == len(names) > 8


def test_provenance_tells_how_to_make_a_figure_again(tmp_path):
    record = provenance(7, ["molvae", "train", "my data.csv"])
    assert record["command"] == "molvae train 'my data.csv'"
    assert record["seed"] == 7
    assert {"torch", "rdkit", "selfies"} <= record["packages"].keys()
    run = RunDirectory.create(tmp_path / "run")
    run.record_provenance(7)
    assert read_json(run.provenance)["packages"] == record["packages"]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["/usr/bin/molvae", "train", "my data.csv"], "molvae train 'my data.csv'"),
        (["C:/Python/Scripts/molvae.exe", "models"], "molvae models"),
        (["/site-packages/molvae/__main__.py", "models"], "molvae models"),
        # A notebook, a script and an interpreter were told to be `molvae -f kernel.json`.
        (["ipykernel_launcher.py", "-f", "k.json"], "python ipykernel_launcher.py -f k.json"),
        (["/home/me/train.py", "data.csv"], "python /home/me/train.py data.csv"),
        (["/home/me/__main__.py"], "python /home/me/__main__.py"),
        ([""], "python ''"),
    ],
)
def test_the_command_is_that_of_molvae_only_where_that_was_started(monkeypatch, words, command):
    monkeypatch.setattr(sys, "argv", words)
    assert provenance(7)["command"] == command


def test_a_run_is_held_by_one_process_at_a_time(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with run.lock(), pytest.raises(RunError, match="another process works on"), run.lock():
        pass
    with run.lock():
        pass
    assert RunDirectory.create(tmp_path / "run") == run


HOLDING = """
import sys, time
from pathlib import Path
from molvae.runs import RunDirectory
with RunDirectory(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_killed_process_lets_its_run_go(tmp_path):
    words = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunError, match="another process"), RunDirectory(tmp_path).lock():
            pass
        other.send_signal(signal.SIGKILL)
    with RunDirectory(tmp_path).lock():
        pass


def test_where_there_are_no_locks_the_run_goes_without(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise NotImplementedError("no flock here")

    monkeypatch.setattr("filelock.BaseFileLock.acquire", refuse)
    with RunDirectory(tmp_path).lock():
        pass


def test_the_record_of_a_benchmark_is_written_with_its_provenance(tmp_path):
    record = {"valid": 1.0}
    written = write_record(tmp_path / "record.json", record, 7)
    assert record == {"valid": 1.0}
    assert read_json(tmp_path / "record.json") == written
    assert (written["valid"], written["provenance"]["seed"]) == (1.0, 7)
