"""Threads: one to a product of matrices, and one to each of several networks that work at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

Answer = TypeVar("Answer")


@contextmanager
def one_thread() -> Iterator[None]:
    """A GRU's products are too small to share between threads; processes share the work.

    So are those of NumPy and SciPy beside it, whose idle threads would keep a core from them.
    """
    with threadpool_limits(1, user_api="blas"), _torch_alone():
        yield


def side_by_side(
    device: torch.device, works: Sequence[Callable[[], Answer]], cores: int
) -> list[Answer]:
    """What each piece of work of a network comes to.

    On a processor all are done at once, each by a thread of its own, as products let go of the
    interpreter; but one after the other where there is a single core to use, and on a GPU, which
    has its own ways to keep busy. An exception in a piece is raised here, once all have ended.
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
    """In this thread, as each has a number of its own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
