"""The processes that share each training batch, and how `molvae train` starts them on a CPU."""

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor, distributed
from torch.distributed import distributed_c10d

from molvae.errors import ConfigError, TrainingError, first_line
from molvae.parallel import available_cores
from molvae.runs import RunDirectory

_MOST_PROCESSES = 8
"""With more, the share of a batch of the usual size is too small to fill a core."""
_COLLECTIVE_TIMEOUT = timedelta(hours=12)
"""Limit of a wait for a process that is alive; one that dies is noticed at once."""
_RENDEZVOUS_TIMEOUT = timedelta(minutes=1)
_CHECK_SECONDS = 1.0
"""Time between two looks at the processes that are waited for."""
_LONG_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_END_SECONDS = 5.0

_LOG = logging.getLogger(__name__)

WhileWaiting = Callable[[float], None]
"""Called about every second of a wait, with the seconds waited so far."""


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together, as seen by this process."""

    rank: int = 0
    size: int = 1
    while_waiting: WhileWaiting = field(default=lambda _: None, compare=False)

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks to the user."""
        return self.rank == 0

    def all_reduce(self, values: Tensor) -> Tensor:
        """Sum the tensor in place over all processes, and return it.

        Raises:
            TrainingError: another process of the group is gone.
        """
        if self.size > 1:
            try:
                self._all_reduce(values)
            except RuntimeError as error:
                raise TrainingError(
                    f"a process of the training is gone ({first_line(error)}); resume the run"
                ) from error
        return values

    def barrier(self) -> None:
        """Return when all processes have called this method."""
        self.all_reduce(torch.zeros(1))

    def _all_reduce(self, values: Tensor) -> None:
        if values.device.type != "cpu":
            distributed.all_reduce(values)
            return
        work = distributed.all_reduce(values, async_op=True)
        begun = time.monotonic()
        # A wait in slices, so that a signal or a stopped process is noticed during it.
        while not _is_done(work):
            self.while_waiting(time.monotonic() - begun)


def check_process_count(size: int, device: torch.device) -> None:
    """Check that this number of processes can share the device.

    Raises:
        ConfigError: there are several processes for one GPU.
    """
    if size == 1 or device.type == "cpu":
        return
    if device.type == "mps":
        raise ConfigError(
            f"processes = {size}, but the device mps serves one; use `processes=1` or `device=cpu`"
        )
    if torchrun_size() is None:
        raise ConfigError(
            f"processes = {size}, but one process is started for {device.type}; start the command "
            f"by torchrun --nproc-per-node {size}, with a GPU for each, or use `processes=1`"
        )


def default_process_count(device: torch.device) -> int:
    """Number of processes when the settings give none."""
    return min(available_cores(), _MOST_PROCESSES) if device.type == "cpu" else 1


def torchrun_size() -> int | None:
    """Number of processes that torchrun started; None when it did not start this one."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else None


def torchrun_rank() -> int | None:
    """Rank of this process under torchrun; None when torchrun did not start it."""
    return int(os.environ["RANK"]) if torchrun_size() is not None else None


@contextmanager
def init_process_group(
    size: int,
    run: RunDirectory,
    device: torch.device,
    notify: Callable[[str], None] | None = None,
) -> Iterator[ProcessGroup]:
    """The process group that torchrun started, or `size` processes of which this is the first.

    Processes that are started here end with the block, and when this process dies.

    Args:
        size: number of processes.
        run: the run directory that all of them train in.
        device: device of the training.
        notify: called with a line for the user when another process is stopped.

    Raises:
        TrainingError: a process ended before the training began, or none answers for a minute.
    """
    with ExitStack() as stack:
        rank = torchrun_rank()
        if rank is not None:
            yield stack.enter_context(_torchrun_group(rank, size, device))
            return
        if size == 1:
            yield ProcessGroup()
            return
        rendezvous = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "rendezvous"
        workers = [
            stack.enter_context(_worker(run, rank, size, rendezvous)) for rank in range(1, size)
        ]
        watch = _WorkerWatch(workers, notify or _LOG.warning)
        begun = time.monotonic()
        for rank in range(1, size):
            while not ready_file(rendezvous, rank).exists():
                watch(time.monotonic() - begun)
                time.sleep(_POLL_SECONDS)
        _connect(size, rendezvous, watch)
        watch.training_began = True
        try:
            yield ProcessGroup(0, size, watch)
        finally:
            distributed.destroy_process_group()


@contextmanager
def join_process_group(rank: int, size: int, rendezvous: Path) -> Iterator[ProcessGroup]:
    """The process group in a process that `init_process_group` started."""
    _rendezvous(rank, size, rendezvous)
    try:
        yield ProcessGroup(rank, size)
    finally:
        distributed.destroy_process_group()


def ready_file(rendezvous: Path, rank: int) -> Path:
    """The file by which a worker shows that it is about to join."""
    return rendezvous.with_name(f"{rendezvous.name}-{rank}")


class _WorkerWatch:
    """Looks at the workers while the main process waits, and reports those that are stopped."""

    def __init__(
        self, workers: Sequence["subprocess.Popen[bytes]"], notify: Callable[[str], None]
    ) -> None:
        self.workers = workers
        self.training_began = False
        self._notify = notify
        self._stopped: set[int] = set()
        self._last_seconds = 0.0

    def __call__(self, seconds: float) -> None:
        """Look at each worker.

        Raises:
            TrainingError: a worker has ended with an error, or before the training began.
        """
        for rank, worker in enumerate(self.workers, start=1):
            self._check_running(rank, worker)
            self._report_stopped(rank, worker.pid)
        if self._last_seconds < _LONG_WAIT_SECONDS <= seconds:
            self._notify(
                f"waiting for another process of the training for {seconds:.0f} seconds; the "
                "machine may be overloaded or short of memory"
            )
        self._last_seconds = seconds

    def _check_running(self, rank: int, worker: "subprocess.Popen[bytes]") -> None:
        status = worker.poll()
        if status is None or (status == 0 and self.training_began):
            return
        before = "" if self.training_began else "before it began, "
        advice = "resume the run" if self.training_began else "use `processes=1`"
        raise TrainingError(
            f"process {rank} of the training ended {before}with status {status} (its messages, if "
            f"any, are above); {advice}"
        )

    def _report_stopped(self, rank: int, pid: int) -> None:
        state = ""
        # The system may not tell.
        with suppress(OSError, IndexError):
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
            state = status.rpartition(")")[2].split()[0]
        if state not in ("T", "t"):
            self._stopped.discard(pid)
        elif pid not in self._stopped:
            self._stopped.add(pid)
            self._notify(
                f"process {rank} of the training is stopped, and the others wait for it; "
                f"continue it with: kill -CONT {pid}"
            )


def _is_done(work: distributed.Work) -> bool:
    """Whether the operation ends within a second.

    Raises:
        RuntimeError: it failed.
    """
    try:
        work.wait(timedelta(seconds=_CHECK_SECONDS))
    except RuntimeError:
        if not work.is_completed():
            return False
        # Either the operation failed, which another wait reports, or it ended just after the time
        # was up, as it does in a process that was stopped meanwhile.
        work.wait()
    return True


@contextmanager
def _torchrun_group(rank: int, size: int, device: torch.device) -> Iterator[ProcessGroup]:
    """The group of the processes that torchrun started; torchrun itself watches them."""
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # Sums of values on the CPU are shared too.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        distributed.init_process_group(
            backend, rank=rank, world_size=size, timeout=_COLLECTIVE_TIMEOUT
        )
    except RuntimeError as error:
        raise _rendezvous_error(size, error) from error
    try:
        yield ProcessGroup(rank, size)
    finally:
        distributed.destroy_process_group()


def _rendezvous(rank: int, size: int, rendezvous: Path) -> None:
    """Connect with the other processes on this machine.

    Raises:
        TrainingError: they did not come within a minute.
    """
    if sys.platform == "linux":
        # The loopback interface suffices, whatever the machine's name resolves to.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    try:
        distributed.init_process_group(
            "gloo",
            init_method=rendezvous.as_uri(),
            rank=rank,
            world_size=size,
            timeout=_RENDEZVOUS_TIMEOUT,
        )
    except RuntimeError as error:
        raise _rendezvous_error(size, error) from error
    # torch has no public way to give the rendezvous another limit than the collectives.
    distributed_c10d._set_pg_timeout(_COLLECTIVE_TIMEOUT)


def _connect(size: int, rendezvous: Path, watch: _WorkerWatch) -> None:
    """Connect with the workers, and stop at once when one of them dies meanwhile."""
    errors: list[TrainingError] = []

    def connect() -> None:
        try:
            _rendezvous(0, size, rendezvous)
        except TrainingError as error:
            errors.append(error)

    # In a thread, because torch's own wait hears of no death before its limit.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    begun = time.monotonic()
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
        watch(time.monotonic() - begun)
    if errors:
        raise errors[0]


def _rendezvous_error(size: int, error: RuntimeError) -> TrainingError:
    return TrainingError(
        f"the {size} processes of the training could not connect "
        f"({first_line(error)}); use `processes=1`"
    )


@contextmanager
def _worker(
    run: RunDirectory, rank: int, size: int, rendezvous: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process of this training, on this machine."""
    arguments = [str(run.path), str(rank), str(size), str(rendezvous)]
    # object: programs put things other than texts there, which Python ignores.
    entries: list[object] = [*sys.path]
    texts = [entry or os.curdir for entry in entries if isinstance(entry, str)]
    process = subprocess.Popen(
        [sys.executable, "-m", "molvae.training.worker", *arguments],
        # The worker ends when this pipe is closed, which a killed process cannot fail to do.
        stdin=subprocess.PIPE,
        # So that it finds molvae where a notebook or a script did.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(texts)},
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let a worker end by closing its stdin, or kill it."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        # Stopped, or in a long calculation.
        process.kill()
        process.wait()
