"""Threads: one to a product of matrices, and one to each of several networks that work at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from molvae.parallel import available_cores

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


def side_by_side(device: torch.device, works: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """What each piece of work of a network comes to.

    On a processor with cores enough all are done at once, each by a thread of its own, as products
    let go of the interpreter; a GPU has its own ways to keep busy. An exception in a piece is
    raised here, once all have ended.
    """
    if device.type != "cpu" or min(len(works), available_cores()) < 2:
        return [work() for work in works]

    @one_thread()
    def alone(work: Callable[[], Answer]) -> Answer:
        return work()

    with one_thread(), ThreadPoolExecutor(len(works)) as threads:
        answers = [threads.submit(alone, work) for work in works]
    return [answer.result() for answer in answers]
