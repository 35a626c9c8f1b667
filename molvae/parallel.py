"""Parallel map over worker processes, with results in input order."""

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from molvae.errors import WorkerError

Context = TypeVar("Context")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

_CHECK_SECONDS = 2.0
"""Interval at which an executor is asked whether it has workers."""
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
    *,
    executor: Executor | None = None,
    retries: int = 0,
) -> Generator[tuple[Context, Answer]]:
    """Yield `(context, function(question))` for each item `(context, question)`, in order.

    The context stays in this process; only the question travels to a worker. With one worker and
    no executor everything runs in this process. Items are read lazily, so an iterable of any length
    takes bounded memory, and making the items overlaps with the workers' work. An exception that
    `function` raises is raised here.

    Args:
        function: must be importable by name, or be picklable by cloudpickle.
        items: contexts and questions; pass `enumerate(questions)` if no context is needed.
        workers: number of processes.
        ahead: maximum number of items that wait or run at a time; None means three per worker.
        executor: runs the function instead of processes of this machine. If it has a method
            `check`, this is called during waits and raises an error if no answer can come.
        retries: times in a row that the questions of a dead process are given to a new one; an
            executor decides that itself.

    Raises:
        WorkerError: a worker process died, or a cluster has no workers.
    """
    if executor is None and workers <= 1:
        for context, question in items:
            yield context, function(question)
        return
    tasks = _Tasks(function, workers, executor, retries)
    limit = ahead or 3 * workers
    try:
        for context, question in items:
            tasks.submit(context, question)
            if len(tasks.pending) >= limit:
                yield tasks.next_answer()
        while tasks.pending:
            yield tasks.next_answer()
    finally:
        for task in tasks.pending:
            task.future.cancel()
        tasks.keep_tracker()


# Any: here and below, contexts, questions and answers of any type; loky has no types.
@dataclass(slots=True)
class _Task:
    context: Any
    question: Any
    future: "Future[Any]"


class _Tasks:
    """Questions whose answers are waited for in order, on an executor or on local processes."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        workers: int,
        executor: Executor | None,
        retries: int,
    ) -> None:
        self.pending: deque[_Task] = deque()
        self._function = function
        self._workers = workers
        self._given = executor
        self._check: Callable[[], None] | None = getattr(executor, "check", None)
        self._executor = executor or _local_executor(workers)
        self._retries = retries
        self._failures = 0
        self._tracker: int | None = None

    def keep_tracker(self) -> None:
        """Tell the semaphores to a new tracker of loky where the former one has died.

        The tracker removes semaphores whose process is gone. Loky starts another one, which prints
        a traceback for each semaphore that it is not told.
        """
        if self._given is not None:
            return
        from loky.backend import resource_tracker

        # Each tracker has a pipe of its own.
        tracker = os.fstat(resource_tracker.getfd()).st_ino
        if tracker != self._tracker:
            for file in Path("/dev/shm").glob(f"sem.loky-{os.getpid()}-*"):
                resource_tracker.register(f"/{file.name.removeprefix('sem.')}", "semlock")
        self._tracker = tracker

    def submit(self, context: Any, question: Any) -> None:
        """Give a question to a worker."""
        while True:
            try:
                future = self._executor.submit(self._function, question)
            except BrokenExecutor as error:
                self._restart(error)
                continue
            self.pending.append(_Task(context, question, future))
            return

    def next_answer(self) -> tuple[Any, Any]:
        """The context and the answer of the first pending question."""
        while True:
            self.keep_tracker()
            task = self.pending[0]
            try:
                while self._check is not None and not wait([task.future], _CHECK_SECONDS).done:
                    self._check()
                answer = task.future.result()
            except BrokenExecutor as error:
                self._restart(error)
                continue
            self._failures = 0
            self.pending.popleft()
            return task.context, answer

    def _restart(self, error: BrokenExecutor) -> None:
        """Give the questions of dead processes to new ones."""
        self._failures += 1
        if self._given is not None:
            raise WorkerError(
                f"a worker of the executor died ({error}), most likely because it ran out of "
                "memory; free some, or use fewer workers"
            ) from error
        if self._failures > self._retries:
            raise WorkerError(
                "a worker process died, most likely because it ran out of memory; use fewer workers"
            ) from error
        warnings.filterwarnings("ignore", "A worker stopped", UserWarning)
        self._executor = _local_executor(self._workers)
        for task in self.pending:
            is_lost = not task.future.done() or isinstance(task.future.exception(), BrokenExecutor)
            if is_lost:
                task.future = self._executor.submit(self._function, task.question)


def _local_executor(workers: int) -> Executor:
    # Loky rather than concurrent.futures: its processes neither fork a threaded parent nor import
    # the caller's script again, so notebooks and scripts without a main guard work.
    from loky import get_reusable_executor

    # Loky restarts a worker that has come to hold much memory, as a network is; nothing is lost.
    warnings.filterwarnings("ignore", "A worker was restarted", UserWarning)
    # What a new tracker does not know is told to it.
    warnings.filterwarnings("ignore", "resource_tracker: process died", UserWarning)
    executor: Executor = get_reusable_executor(
        max_workers=workers, timeout=300, initializer=_watch_parent, initargs=(os.getpid(),)
    )
    return executor


def _watch_parent(parent: int) -> None:
    """End this worker soon after its parent has died, which loky itself does not notice."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    if hasattr(os, "fork"):
        threading.Thread(target=watch, daemon=True).start()
