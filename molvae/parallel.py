"""Parallel map over worker processes, with results in input order."""

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from molvae.errors import WorkerError

Context = TypeVar("Context")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

_WATCH_SECONDS = 2.0
"""Interval at which a worker checks whether its parent process still exists."""


def available_cores() -> int:
    """Number of cores that this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(
    function: Callable[[Question], Answer],
    items: Iterable[tuple[Context, Question]],
    workers: int,
    ahead: int | None = None,
) -> Generator[tuple[Context, Answer]]:
    """Yield `(context, function(question))` for each item `(context, question)`, in order.

    The context stays in this process; only the question travels to a worker. With one worker
    everything runs in this process. Items are read lazily, so an iterable of any length takes
    bounded memory, and making the items overlaps with the workers' work. An exception that
    `function` raises is raised here.

    Args:
        function: must be importable by name, or be picklable by cloudpickle.
        items: contexts and questions; pass `enumerate(questions)` if no context is needed.
        workers: number of processes.
        ahead: maximum number of items that wait or run at a time; None means three per worker.

    Raises:
        WorkerError: a worker process died.
    """
    if workers <= 1:
        for context, question in items:
            yield context, function(question)
        return
    # Loky rather than concurrent.futures: its processes neither fork a threaded parent nor import
    # the caller's script again, so notebooks and scripts without a main guard work.
    from loky import get_reusable_executor
    from loky.process_executor import TerminatedWorkerError

    # Loky restarts a worker that has come to hold much memory, as a network is; nothing is lost.
    warnings.filterwarnings("ignore", "A worker was restarted", UserWarning)
    executor = get_reusable_executor(
        max_workers=workers, timeout=300, initializer=_watch_parent, initargs=(os.getpid(),)
    )
    limit = ahead or 3 * workers
    # Any: loky has no types; the futures hold answers.
    pending: deque[tuple[Context, Any]] = deque()
    try:
        for context, question in items:
            pending.append((context, executor.submit(function, question)))
            if len(pending) >= limit:
                yield _next_answer(pending)
        while pending:
            yield _next_answer(pending)
    except TerminatedWorkerError as error:
        raise WorkerError(
            "a worker process died, most likely because it ran out of memory; use fewer workers"
        ) from error
    finally:
        for _, future in pending:
            future.cancel()


# Any: loky has no types.
def _next_answer(pending: deque[tuple[Context, Any]]) -> tuple[Context, Any]:
    context, future = pending.popleft()
    return context, future.result()


def _watch_parent(parent: int) -> None:
    """End this worker soon after its parent has died, which loky itself does not notice."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    if hasattr(os, "fork"):
        threading.Thread(target=watch, daemon=True).start()
