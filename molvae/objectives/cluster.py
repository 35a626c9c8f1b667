"""Workers of a Dask cluster, so that a batch is scored on many machines."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from molvae.errors import ConfigError, MissingExtraError, WorkerError


@contextmanager
def dask_executor(scheduler: str, timeout_seconds: float = 10.0) -> Iterator[tuple[Executor, int]]:
    """An executor over the workers of a scheduler such as tcp://head:8786, for the block's time.

    With it the number of molecules that they can work on at once, as many as threads of theirs.

    Raises:
        MissingExtraError: Dask is not installed.
        ConfigError: no scheduler answers at that address.
        WorkerError: a worker keeps dying, or the scheduler went away.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
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
    try:
        threads = sum(client.nthreads().values())  # type: ignore[no-untyped-call]
        yield client.get_executor(), max(1, threads)  # type: ignore[no-untyped-call]
    except KilledWorker as error:
        raise WorkerError(
            f"workers of {scheduler} died over the same molecules ({error}), most often for want "
            "of memory"
        ) from error
    except (CommClosedError, FutureCancelledError) as error:
        raise WorkerError(f"the connection to {scheduler} was lost: {error}") from error
    finally:
        client.close()  # type: ignore[no-untyped-call]
