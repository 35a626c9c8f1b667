"""Processes of a training that are killed or stopped: none is left behind or waited for unseen."""

import os
import signal
import sys
import time

import pytest
from training_process import kill_group, start_training, wait_for, workers_of

from molvae.runs import RunDirectory

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@pytest.fixture
def begin(tiny_plan, tmp_path):
    """Start a training of several processes, of which none outlives the test."""
    processes = []

    def start():
        out = tmp_path / f"run{len(processes)}"
        train = tiny_plan.train.with_changes({"processes": 2, "epochs": 10_000})
        plan = tiny_plan.model_copy(update={"train": train})
        processes.append(start_training(plan, out, tmp_path))
        return processes[-1], out

    yield start
    for process in processes:
        kill_group(process)


def assert_no_worker_is_left(out):
    end = time.monotonic() + 10
    while workers_of(out):
        assert time.monotonic() < end
        time.sleep(0.05)


# A worker that had not yet connected waited for the main process for twelve hours.
@pytest.mark.parametrize("seconds", [1.0, None])
def test_workers_end_when_the_main_process_is_killed(begin, seconds):
    process, out = begin()
    wait_for(lambda: workers_of(out), process)
    if seconds is None:
        wait_for(RunDirectory(out).checkpoint.exists, process)
    else:
        time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert_no_worker_is_left(out)


def test_the_training_ends_when_a_worker_is_killed_at_its_start(begin):
    process, out = begin()
    wait_for(lambda: workers_of(out), process)
    time.sleep(2.0)
    os.kill(workers_of(out)[0], signal.SIGKILL)
    _, messages = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "TrainingError" in messages


def test_a_stopped_worker_is_reported(begin):
    process, out = begin()
    wait_for(RunDirectory(out).checkpoint.exists, process)
    (worker,) = workers_of(out)
    os.kill(worker, signal.SIGSTOP)
    while "is stopped" not in (line := process.stderr.readline()):
        assert line
    assert f"kill -CONT {worker}" in line
    # While it is waited for, the main process still heeds the user.
    process.send_signal(signal.SIGINT)
    os.kill(worker, signal.SIGCONT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 0, messages
