"""Kill each process of each parallel command at random moments, and count what goes wrong.

    python scripts/kill_sweep.py --kills 20 --out data/results/faults/kills.json

After a kill of the main process or of a worker, all processes of the command must have ended within
10 seconds, a command whose worker was killed must fail with one line on the screen, and running it
again must continue or repeat it. The death of a helper, such as the tracker of semaphores or a
scoring program, may also leave the command at work. Linux only. The exit status is 1 if anything
goes wrong.
"""

import argparse
import atexit
import importlib
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from kill_jobs import JOBS, Job
from molvae.cli.main import main as molvae
from molvae.files import write_json
from molvae.runs import provenance

IMPORTED = ("molvae.training.run", "molvae.optimize.search", "molvae.metrics.evaluation")
"""Modules that commands import, imported once for all."""
ROLES = {
    "worker": r"LokyProcess|molvae\.training\.worker",
    "tracker": r"resource_tracker",
    "guard": r"guard\.py",
    "scorer": r"scorer\.py",
}
"""Patterns of the command lines of processes; a process that matches none is the main process."""
LEFT_SECONDS = 10.0
"""Time after which no process may be left."""
END_SECONDS = 60.0
"""Time in which a command whose worker died must end; the rendezvous of a training takes 60 s."""
START_SECONDS = 300.0
MOMENTS = (0.0, 3.0)
"""Bounds of the time, in seconds, from the first sight of a process to its death."""
WORK_SECONDS = 5.0
"""Time in which a command may end after the death of a helper; later it must be at work."""


@dataclass
class Tally:
    """Outcomes of the kills of processes of a role."""

    kills: int = 0
    left: int = 0
    """Commands of which a process was left after 10 seconds."""
    waited: int = 0
    """Commands that neither ended nor worked on, or that Ctrl-C did not end."""
    unclear: int = 0
    """Commands that failed with exit status 0, or with anything but one line on the screen."""
    litter: int = 0
    """Commands that left temporary files or semaphores behind."""
    lost: int = 0
    """Commands that could not be run again."""
    worked_on: int = 0
    """Commands that the death of a helper did not end."""
    slowest_end_seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.left or self.waited or self.unclear or self.litter or self.lost)

    def note(self, name: str, detail: object) -> None:
        """Count what went wrong."""
        setattr(self, name, getattr(self, name) + 1)
        self.notes.append(f"{name}: {detail}")


class Running:
    """A command in a process of its own, which is forked from this one to save its imports."""

    def __init__(self, words: list[str], folder: Path, slack: float) -> None:
        self.slack = slack
        self._mark = f"KILL_SWEEP={uuid4().hex}"
        self._screen = folder / "screen.txt"
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os._exit(self._run([*words, "--quiet"]))
            finally:
                os._exit(99)

    def _run(self, words: list[str]) -> int:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        name, _, value = self._mark.partition("=")
        os.environ |= {name: value, "TMPDIR": str(self.temporary), "OMP_NUM_THREADS": "1"}
        tempfile.tempdir = None
        screen = os.open(self._screen, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(screen, 2)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(1, 0)
        try:
            status = molvae(words)
        except BaseException as error:  # noqa: BLE001 - also what the command should have caught.
            sys.stderr.write(f"traceback: {error!r}\n")
            status = 1
        # As at the end of a program: executors end their workers.
        threading._shutdown()
        atexit._run_exitfuncs()
        return status

    @property
    def screen(self) -> list[str]:
        """The lines that the command wrote to standard error."""
        return self._screen.read_text(errors="replace").splitlines()

    def poll(self) -> int | None:
        """Exit status of the command, negative for a signal; None while it runs."""
        if self.status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def wait(self, seconds: float) -> bool:
        """Whether the command ended within this time."""
        return self.wait_for(lambda: self.poll() is not None, seconds)

    def wait_for(self, condition: Callable[[], object], seconds: float) -> bool:
        """Whether the condition came true within this time, of which a busy machine gets more."""
        end = time.monotonic() + self.slack * seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def processes(self, role: str | None = None) -> list[int]:
        """Ids of the processes of the command, of all roles or of a role."""
        main = [self.pid] if self.poll() is None else []
        if role == "main":
            return main
        pattern = re.compile(ROLES[role].encode() if role else b"")
        return [
            *(main if role is None else []),
            *(pid for pid, words in self._children() if pattern.search(words)),
        ]

    def _children(self) -> Iterator[tuple[int, bytes]]:
        """The processes that the command has started, with their command lines."""
        mark = self._mark.encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                is_marked = mark in (entry / "environ").read_bytes().split(b"\0")
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if is_marked and words:
                yield int(entry.name), words

    def cpu_seconds(self) -> float:
        """CPU time of all processes of the command."""
        total = 0
        for pid in self.processes():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """Kill whatever is left."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.wait(LEFT_SECONDS)


def sweep(job: Job, role: str, kills: int, generator: random.Random, slack: float) -> Tally:
    """Kill a process of this role in each of several runs of the job, then let one end."""
    tally = Tally()
    # No TemporaryDirectory: the exit of a forked command would remove it.
    folder = Path(tempfile.mkdtemp())
    for _ in range(kills):
        running = Running(job.words(folder, False), folder, slack)
        try:
            kill(running, role, tally, generator)
        finally:
            running.end()
    last = Running(job.words(folder, True), folder, slack)
    if not last.wait(START_SECONDS) or last.status:
        tally.note("lost", [last.status, *last.screen])
    last.end()
    # Drafts of token stores are removed a day later, as another process may be writing them.
    if drafts := [path.name for path in folder.rglob("*.part") if ".tokens" not in str(path)]:
        tally.note("litter", drafts)
    shutil.rmtree(folder, ignore_errors=True)
    return tally


def kill(running: Running, role: str, tally: Tally, generator: random.Random) -> None:
    """Kill a process of this role, and watch what becomes of the others."""
    # A main process alone is a process like any other: the kill comes once it has company.
    company = "worker" if role == "main" else role
    running.wait_for(
        lambda: running.processes(company) or running.poll() is not None, START_SECONDS
    )
    time.sleep(generator.uniform(*MOMENTS))
    running.wait_for(lambda: running.processes(role) or running.poll() is not None, START_SECONDS)
    victims = running.processes(role)
    if not victims:
        tally.note("lost", [f"no {role}", running.status, *running.screen])
        return
    os.kill(generator.choice(victims), signal.SIGKILL)
    tally.kills += 1
    died = time.monotonic()
    if role == "main":
        running.wait(LEFT_SECONDS)
    elif role == "worker":
        check_end(running, tally)
    # A command at work spends this wait in full, so a busy machine gets no more of it.
    elif not running.wait(WORK_SECONDS / running.slack):
        check_work(running, tally)
    else:
        check_end(running, tally)
    if role == "worker":
        elapsed = time.monotonic() - died
        tally.slowest_end_seconds = round(max(tally.slowest_end_seconds, elapsed), 1)
    if not running.wait_for(lambda: not running.processes(), LEFT_SECONDS):
        tally.note("left", running.processes())
    # torch keeps compiled code there.
    litter = [file.name for file in running.temporary.iterdir() if "inductor" not in file.name]
    litter += [path.name for path in Path("/dev/shm").glob(f"*-{running.pid}-*")]
    if litter:
        tally.note("litter", litter)


def check_end(running: Running, tally: Tally) -> None:
    """Check that the command ends with an error and one line that says why."""
    if not running.wait(END_SECONDS):
        tally.note("waited", "no end")
        return
    # Programs that run are named first.
    lines = [line for line in running.screen if not line.startswith("component ")]
    is_clear = len(lines) == 1 and lines[0].startswith("molvae: ")
    if running.status != 1 or not is_clear:
        tally.note("unclear", [running.status, *lines])


def check_work(running: Running, tally: Tally) -> None:
    """Check that the command is at work, and that Ctrl-C ends it."""
    before = running.cpu_seconds()
    if not running.wait_for(
        lambda: running.cpu_seconds() > before or running.poll() is not None, END_SECONDS
    ):
        tally.note("waited", "no work")
    tally.worked_on += 1
    # The id of a command that has ended may belong to another process by now.
    if running.poll() is None:
        os.kill(running.pid, signal.SIGINT)
    if not running.wait(END_SECONDS):
        tally.note("waited", "Ctrl-C")
    if any("Traceback" in line or "traceback" in line for line in running.screen):
        tally.note("unclear", running.screen)


def main() -> int:
    """Sweep over the jobs, and print and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills of each kind of process")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slack", type=float, default=1.0, help="factor on all limits of time")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--out", type=Path, help="JSON file for the counts")
    arguments = parser.parse_args()
    for module in IMPORTED:
        importlib.import_module(module)
    generator, tallies = random.Random(arguments.seed), {}
    for name in arguments.jobs:
        JOBS[name].warm_up()
        for role in JOBS[name].roles:
            tally = sweep(JOBS[name], role, arguments.kills, generator, arguments.slack)
            tallies[f"{name}: {role}"] = asdict(tally)
            sys.stdout.write(f"{name}: {role}: {tally}\n")
            sys.stdout.flush()
            if arguments.out:
                sums = {"kills": tallies, "provenance": provenance(arguments.seed)}
                write_json(arguments.out, sums)
    is_clean = all(Tally(**tally).is_clean for tally in tallies.values())
    return int(not is_clean)


if __name__ == "__main__":
    sys.exit(main())
