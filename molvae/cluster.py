"""Work on the workers of a Dask cluster, or on processes of this machine."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import closing, contextmanager
from time import monotonic
from typing import Any

from molvae.errors import ConfigError, MissingExtraError, WorkerError, first_line
from molvae.parallel import available_cores

_WITHOUT_WORKERS_SECONDS = 15.0
"""Time without any worker after which the work fails."""
_LOG = logging.getLogger(__name__)


class DaskExecutor(Executor):
    """An executor on a Dask cluster that detects the loss of all workers."""

    # Any: Dask has no types.
    def __init__(self, client: Any, scheduler: str) -> None:
        self._client = client
        self._scheduler = scheduler
        self._inner: Executor = client.get_executor()
        self._without_workers_since: float | None = None

    # Any: the function may be any.
    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run a function on one of the workers."""
        return self._inner.submit(function, *args, **kwargs)

    def check(self) -> None:
        """Check that the cluster has workers; log a warning and wait a while if it has none.

        Raises:
            WorkerError: the cluster has had no worker for 15 seconds.
        """
        if self._client.nthreads():
            self._without_workers_since = None
            return
        now = monotonic()
        if self._without_workers_since is None:
            self._without_workers_since = now
            _LOG.warning(
                "no worker of %s is left; waiting %.0f seconds for one to start",
                self._scheduler,
                _WITHOUT_WORKERS_SECONDS,
            )
        elif now - self._without_workers_since > _WITHOUT_WORKERS_SECONDS:
            raise WorkerError(f"no worker of {self._scheduler} is left; start some and try again")


@contextmanager
def open_executor(
    scheduler: str | None, workers: int | None
) -> Iterator[tuple[DaskExecutor | None, int]]:
    """An executor on a Dask cluster or None for processes of this machine, and their number.

    Args:
        scheduler: address, such as tcp://head:8786; None stands for this machine.
        workers: processes of this machine; None means one per core.

    Raises:
        ConfigError: both are given.
        MissingExtraError, ConfigError, WorkerError: as `dask_executor`.
    """
    if scheduler is None:
        yield None, workers or available_cores()
        return
    if workers is not None:
        raise ConfigError("give either `workers` (of this machine) or `scheduler`, not both")
    with dask_executor(scheduler) as opened:
        yield opened


@contextmanager
def dask_executor(
    scheduler: str, timeout_seconds: float = 10.0
) -> Iterator[tuple[DaskExecutor, int]]:
    """An executor on the workers of a scheduler, and the total number of their threads.

    Args:
        scheduler: address, such as tcp://head:8786.
        timeout_seconds: maximum time to wait for the scheduler's answer.

    Raises:
        MissingExtraError: Dask is not installed.
        ConfigError: no scheduler answers at that address.
        WorkerError: workers die repeatedly, or the scheduler or all workers are lost.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise MissingExtraError("dask[distributed]", "dist") from None
    try:
        client = Client(  # type: ignore[no-untyped-call]
            scheduler, timeout=timeout_seconds, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {scheduler!r} ({error}); start one with `dask "
            "scheduler`, or give an address such as tcp://head:8786"
        ) from None
    # Dask also logs at length when a client that has lost its scheduler is closed.
    with _quiet_client(), closing(client):
        try:
            threads = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
            yield DaskExecutor(client, scheduler), max(1, threads)
        except KilledWorker as error:
            raise WorkerError(
                f"workers of {scheduler} died repeatedly on the same molecules ({error}), most "
                "likely because they ran out of memory"
            ) from error
        # Dask cancels the futures of a lost scheduler.
        except (CommClosedError, CancelledError, TimeoutError) as error:
            raise WorkerError(
                f"the connection to {scheduler} was lost ({first_line(error)})"
            ) from error


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Silence Dask's messages about lost connections, which are raised as errors instead."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
