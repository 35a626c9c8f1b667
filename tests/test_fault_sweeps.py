"""The sweeps of kills and of flipped bits, with a few of each."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


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
