"""Threads: one to a product of matrices, and one to each of several networks that work at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Answer = TypeVar("Answer")


@contextmanager
def one_thread() -> Iterator[None]:
    """A GRU's products are too small to share between threads; processes share the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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

    @one_thread()
    def alone(work: Callable[[], Answer]) -> Answer:
        return work()

    with one_thread(), ThreadPoolExecutor(len(works)) as threads:
        answers = [threads.submit(alone, work) for work in works]
    return [answer.result() for answer in answers]
