"""Threads: one per matrix product, and one per network where several networks run at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

Answer = TypeVar("Answer")


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch, NumPy and SciPy on one thread during the block.

    The matrix products of a GRU are too small to be shared between threads; processes share the
    work. Idle threads of NumPy and SciPy would take cores from them.
    """
    with threadpool_limits(1, user_api="blas"), _torch_alone():
        yield


def side_by_side(
    device: torch.device, works: Sequence[Callable[[], Answer]], cores: int
) -> list[Answer]:
    """Call each function, and return the results in order.

    On a CPU with several cores all run at once, each in a thread, as matrix products release the
    interpreter lock. With a single core, or on a GPU, which runs in parallel anyway, they run one
    after another. An exception of a function is raised here, once all have ended.

    Args:
        device: device of the networks.
        works: functions, of which each runs a network.
        cores: number of cores that may be used.
    """
    if device.type != "cpu" or min(len(works), cores) < 2:
        return [work() for work in works]

    @_torch_alone()
    def alone(work: Callable[[], Answer]) -> Answer:
        return work()

    with _torch_alone(), ThreadPoolExecutor(len(works)) as threads:
        answers = [threads.submit(alone, work) for work in works]
    return [answer.result() for answer in answers]


@contextmanager
def _torch_alone() -> Iterator[None]:
    """Run torch on one thread when it is called by this thread; torch has a number per thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
