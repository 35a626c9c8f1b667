import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import count, islice
from pathlib import Path

import pytest

from molvae.errors import MoleculeError, WorkerError
from molvae.parallel import available_cores, ordered_map


def square(n):
    return n * n


def refuse(n):
    raise MoleculeError("too big", str(n))


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_the_order_of_the_questions(workers):
    assert list(ordered_map(square, ((str(n), n) for n in range(50)), workers)) == [
        (str(n), n * n) for n in range(50)
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_questions_are_drawn_lazily(workers):
    assert list(islice(ordered_map(square, enumerate(count()), workers), 3)) == [
        (0, 0),
        (1, 1),
        (2, 4),
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_raised_here_as_it_was(workers):
    with pytest.raises(MoleculeError, match="too big: 3") as caught:
        list(ordered_map(refuse, [(None, 3)], workers))
    assert caught.value.reason == "too big"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_context_need_not_travel_to_a_worker(workers):
    unpicklable = (n for n in "ab")
    assert list(ordered_map(square, [(unpicklable, 3)], workers)) == [(unpicklable, 9)]


def test_there_is_a_core():
    assert available_cores() >= 1


def die(n):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_worker_that_dies_is_one_clear_line_and_not_the_end():
    with pytest.raises(WorkerError, match="a worker process died"):
        list(ordered_map(die, [(None, 1)], 2))
    assert list(ordered_map(square, [(None, 3)], 2)) == [(None, 9)]


WORKING = """
import os, sys, time
from molvae.parallel import ordered_map
def name(n):
    time.sleep(0.5)
    return os.getpid()
if __name__ == "__main__":
    for _, pid in ordered_map(name, enumerate(range(1000)), 2):
        print(pid, flush=True)
"""


# Four processes and their semaphores were still there a minute after a kill.
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_workers_end_when_their_parent_is_killed():
    before = {path.name for path in Path("/dev/shm").iterdir()}
    words = [sys.executable, "-c", WORKING]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        pids = {int(parent.stdout.readline()) for _ in range(4)}
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(1)
    left = {path.name for path in Path("/dev/shm").iterdir()} - before
    assert not [name for name in left if f"-{parent.pid}-" in name]


WITHOUT_TRACKER = """
import os, signal, time
from pathlib import Path
from molvae.parallel import ordered_map
def name(n):
    return os.getppid()
def kill_trackers():
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, status = (process / "cmdline").read_bytes(), (process / "stat").read_text()
        except OSError:
            continue
        parent = int(status.rpartition(")")[2].split()[1])
        if b"resource_tracker" in words and parent == os.getpid():
            os.kill(int(process.name), signal.SIGKILL)
            while (process / "cmdline").read_bytes():
                time.sleep(0.01)
            print("killed", flush=True)
if __name__ == "__main__":
    for n, _ in ordered_map(name, enumerate(range(100)), 2):
        if n in (5, 50, 99):
            kill_trackers()
    if END:
        raise KeyboardInterrupt
"""


# A new tracker printed a traceback for each semaphore of the former one.
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("end", [False, True])
def test_the_death_of_the_tracker_of_semaphores_shows_nothing_and_leaves_nothing(end):
    words = [sys.executable, "-c", WITHOUT_TRACKER.replace("END", str(end))]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as parent:
        screen, complaint = parent.communicate(timeout=300)
    assert screen.count("killed") >= 3
    assert complaint.count("Traceback") == int(end)
    assert "resource_tracker" not in complaint
    assert not list(Path("/dev/shm").glob(f"*-{parent.pid}-*"))


def die_first(path):
    """End the process that comes first; answer in those that come later."""
    with suppress(FileExistsError):
        path.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def test_the_questions_of_a_dead_worker_are_given_to_another(tmp_path):
    paths = [tmp_path / name for name in "abcdef"]
    for path in paths[1:]:
        path.touch()
    answers = ordered_map(die_first, enumerate(paths), 2, retries=1)
    assert list(answers) == list(enumerate("abcdef"))
