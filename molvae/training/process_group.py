"""The processes that share each training batch, and how `molvae train` starts them on a CPU."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor, distributed

from molvae.errors import ConfigError, TrainingError
from molvae.parallel import available_cores
from molvae.runs import RunDirectory

_MOST_PROCESSES = 8
"""Beyond this a batch of the usual size is cut too small to fill a core."""
_PATIENCE = timedelta(hours=12)
"""How long a process waits for another that is alive; one that died is noticed at once."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class ProcessGroup:
    """This process's place among those that train together."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and talks to the user."""
        return self.rank == 0

    def all_reduce(self, values: Tensor) -> Tensor:
        """The tensor, summed in place over the process group.

        Raises:
            TrainingError: another process of the group is gone.
        """
        if self.size > 1:
            try:
                distributed.all_reduce(values)
            except RuntimeError as error:
                reason = str(error).splitlines()[0]
                raise TrainingError(
                    f"a process of the training is gone ({reason}); go on with --resume"
                ) from error
        return values

    def barrier(self) -> None:
        """Return once every process of the process group has come this far."""
        self.all_reduce(torch.zeros(1))


def check_process_count(size: int, device: torch.device) -> None:
    """Refuse a process group that its devices cannot form.

    Raises:
        ConfigError: several processes for one GPU.
    """
    if size == 1 or device.type == "cpu":
        return
    if device.type == "mps":
        raise ConfigError(
            f"processes = {size}, and the device mps serves one; give --processes 1 or --device cpu"
        )
    if torchrun_size() is None:
        raise ConfigError(
            f"processes = {size}, and one process is started for {device.type}; start the command "
            f"by torchrun --nproc-per-node {size}, with a GPU for each, or give --processes 1"
        )


def default_process_count(device: torch.device) -> int:
    """Processes that a plain training on this device uses."""
    return min(available_cores(), _MOST_PROCESSES) if device.type == "cpu" else 1


def torchrun_size() -> int | None:
    """Processes that torchrun started; None when it did not start this one."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else None


def torchrun_rank() -> int | None:
    """This process's place among those that torchrun started; None when it did not."""
    return int(os.environ["RANK"]) if torchrun_size() is not None else None


@contextmanager
def init_process_group(
    size: int, run: RunDirectory, device: torch.device
) -> Iterator[ProcessGroup]:
    """The process group that torchrun started, or `size` processes of which this is the first.

    Processes started here end with the block.
    """
    with ExitStack() as stack:
        rank = torchrun_rank()
        if rank is not None:
            yield stack.enter_context(_join(rank, size, "env://", device))
            return
        if size == 1:
            yield ProcessGroup()
            return
        rendezvous = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "rendezvous"
        workers = [
            stack.enter_context(_worker(run, rank, size, rendezvous)) for rank in range(1, size)
        ]
        _await_workers(workers, rendezvous)
        yield stack.enter_context(_join(0, size, rendezvous.as_uri(), device))


@contextmanager
def _join(rank: int, size: int, rendezvous: str, device: torch.device) -> Iterator[ProcessGroup]:
    """Membership in the process group that meets at a file or, by torchrun, in the environment."""
    # Sums of what is counted on the processor are shared too.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    elif rendezvous != "env://" and sys.platform == "linux":
        # Loopback is enough on one machine, and there whatever its name resolves to.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    try:
        distributed.init_process_group(
            backend, init_method=rendezvous, rank=rank, world_size=size, timeout=_PATIENCE
        )
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"the {size} processes of the training did not meet ({reason}); use --processes 1"
        ) from error
    try:
        yield ProcessGroup(rank, size)
    finally:
        distributed.destroy_process_group()


@contextmanager
def join_process_group(rank: int, size: int, rendezvous: Path) -> Iterator[ProcessGroup]:
    """The process group in a process that `init_process_group` started."""
    with _join(rank, size, rendezvous.as_uri(), torch.device("cpu")) as group:
        yield group


def ready_file(rendezvous: Path, rank: int) -> Path:
    """The file by which a process tells that it is there and about to join."""
    return rendezvous.with_name(f"{rendezvous.name}-{rank}")


def _search_path() -> list[str]:
    """Where Python looks for modules, without what it passes over there itself."""
    places: list[object] = [*sys.path]
    return [place or os.curdir for place in places if isinstance(place, str)]


def _await_workers(workers: Sequence[subprocess.Popen[bytes]], rendezvous: Path) -> None:
    """Return once all are there: from then on, the death of one is noticed by the others."""
    for rank, worker in enumerate(workers, start=1):
        while not ready_file(rendezvous, rank).exists():
            if worker.poll() is not None:
                raise TrainingError(
                    f"process {rank} of the training ended before it began, with status "
                    f"{worker.returncode} (its words are above, if it had any); use --processes 1"
                )
            time.sleep(_POLL_SECONDS)


@contextmanager
def _worker(
    run: RunDirectory, rank: int, size: int, rendezvous: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Another process of this training, on this machine."""
    words = [str(run.path), str(rank), str(size), str(rendezvous)]
    process = subprocess.Popen(
        [sys.executable, "-m", "molvae.training.worker", *words],
        stdin=subprocess.DEVNULL,
        # So that it finds molvae where a notebook or a script did.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_search_path())},
    )
    try:
        yield process
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
