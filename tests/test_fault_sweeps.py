"""The sweeps of kills and of flipped bits, with a few of each."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture
def script(monkeypatch):
    """Imports a script by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module


def run(script, *words):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_flipped_bit_is_believed_or_ends_in_a_traceback():
    assert "score cache" in run("flip_sweep.py", "--flips", "10")


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("job", ["train", "score by program"])
def test_killed_processes_leave_nothing_behind_and_can_be_repeated(job):
    assert f"{job}: worker" in run("kill_sweep.py", "--kills", "1", "--slack", "10", "--jobs", job)


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_values_that_print_alike_are_told_apart(script, make):
    exact = script("flip_sweep").exact
    values = np.linspace(0.0, 1.0, 5_000, dtype=np.float32)
    changed = values.copy()
    changed[2_500] = np.nextafter(changed[2_500], np.float32(2.0))
    assert str(make(values)) == str(make(changed))
    assert exact({"a": [make(values)]}) == exact({"a": [make(values.copy())]})
    assert exact({"a": [make(values)]}) != exact({"a": [make(changed)]})


class EndedCommand:
    """A command that has ended well, whose id may belong to another process."""

    pid = None
    screen = ()

    def poll(self):
        return 0

    def cpu_seconds(self):
        return 0.0

    def wait_for(self, condition, seconds):
        return bool(condition())

    def wait(self, seconds):
        return True


def test_a_command_that_ends_while_it_is_watched_gets_no_signal(script):
    kill_sweep = script("kill_sweep")
    tally = kill_sweep.Tally()
    kill_sweep.check_work(EndedCommand(), tally)
    assert tally.is_clean
