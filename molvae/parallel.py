"""Work spread over processes, answers in the order of the questions."""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from molvae.errors import WorkerError

Question = TypeVar("Question")
Answer = TypeVar("Answer")


def available_cores() -> int:
    """Cores that this process may use; at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(
    function: Callable[[Question], Answer],
    questions: Iterable[Question],
    workers: int,
    ahead: int | None = None,
) -> Iterator[Answer]:
    """`function` of each question, in order, while at most `ahead` of them wait or run.

    With one worker everything happens in this process. Questions are drawn lazily, so a generator
    of any length takes bounded memory, and the drawing itself overlaps with the workers' work.
    `function` must be importable by name. An exception in it is raised here.

    Raises:
        WorkerError: a worker process died.
    """
    if workers <= 1:
        yield from map(function, questions)
        return
    # Loky rather than concurrent.futures: its processes neither fork a threaded parent nor import
    # the caller's script again, so notebooks and scripts without a main guard work.
    from loky import get_reusable_executor
    from loky.process_executor import TerminatedWorkerError

    # One that has come to hold a network is replaced by a fresh one; nothing is lost by it.
    warnings.filterwarnings("ignore", "A worker was restarted", UserWarning)
    executor = get_reusable_executor(max_workers=workers, timeout=300)
    limit = ahead or 3 * workers
    pending: deque = deque()  # type: ignore[type-arg]
    try:
        for question in questions:
            pending.append(executor.submit(function, question))
            if len(pending) >= limit:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except TerminatedWorkerError as error:
        raise WorkerError(
            "a worker process died, most often for want of memory; free some, or use fewer workers"
        ) from error
    finally:
        for future in pending:
            future.cancel()
