"""For tests that start a training in a process of its own, and kill it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from interrupts import heed_ctrl_c

TRAIN = """
import sys
from molvae.runs import RunDirectory
from molvae.training.config import TrainingPlan
from molvae.training.run import train
from pathlib import Path

if __name__ == "__main__":
    plan = TrainingPlan.parse(__import__("json").loads(Path(sys.argv[1]).read_text()))
    train(plan, Path(sys.argv[2]))
"""


def start_training(plan, out, folder, *command, **environment):
    (folder / "plan.json").write_text(plan.model_dump_json())
    (folder / "train.py").write_text(TRAIN)
    command = command or (sys.executable,)
    return subprocess.Popen(
        [*command, str(folder / "train.py"), str(folder / "plan.json"), str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
        start_new_session=True,
    )


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)


def workers_of(out):
    """Process ids of the workers that train in a run directory."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"molvae.training.worker" in words and str(out).encode() in words:
                found.append(int(folder.name))
    return found


def kill_group(process):
    """End a training and all its processes, whatever a test left of them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
