"""Workers of a Dask cluster, so that a batch is scored on many machines."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import closing, contextmanager
from time import monotonic
from typing import Any

from molvae.errors import ConfigError, MissingExtraError, WorkerError

_WITHOUT_WORKERS_SECONDS = 15.0
"""Time that a cluster may be without a worker before the work is given up."""
_LOG = logging.getLogger(__name__)


class DaskExecutor(Executor):
    """An executor over a Dask cluster that notices when nobody works any more."""

    # Any: Dask has no types.
    def __init__(self, client: Any, scheduler: str) -> None:
        self._client = client
        self._scheduler = scheduler
        self._inner: Executor = client.get_executor()
        self._without_workers_since: float | None = None

    # Any: of any function.
    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run a function on one of the workers."""
        return self._inner.submit(function, *args, **kwargs)

    def check(self) -> None:
        """Check that there are workers; a cluster without any is reported and given some seconds.

        Raises:
            WorkerError: there has been no worker for a while.
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
def dask_executor(
    scheduler: str, timeout_seconds: float = 10.0
) -> Iterator[tuple[DaskExecutor, int]]:
    """An executor over the workers of a scheduler, and the number of their threads.

    Args:
        scheduler: address, such as tcp://head:8786.
        timeout_seconds: time that the scheduler has to answer.

    Raises:
        MissingExtraError: Dask is not installed.
        ConfigError: no scheduler answers at that address.
        WorkerError: a worker keeps dying, or the scheduler or all workers went away.
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
    # Closing a client that has lost its scheduler is logged at length too.
    with _quiet_client(), closing(client):
        try:
            threads = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
            yield DaskExecutor(client, scheduler), max(1, threads)
        except KilledWorker as error:
            raise WorkerError(
                f"workers of {scheduler} died on the same molecules ({error}), most often for want "
                "of memory"
            ) from error
        # Futures are cancelled when their scheduler goes away.
        except (CommClosedError, CancelledError, TimeoutError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise WorkerError(f"the connection to {scheduler} was lost ({reason})") from error


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Without Dask's own messages about lost connections, which are raised as errors."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
