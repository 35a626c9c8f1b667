"""The rows of a table through worker processes, chunk by chunk, with answers in order."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, Protocol, TypeVar, runtime_checkable

from tqdm import tqdm

from molvae.dataset.tables import Chunk
from molvae.parallel import ordered_map

_CHUNK_ROWS = 500
_SMALL_CHUNKS = 4
"""Tables of up to this many chunks are done before other processes would have started."""

_RETRIES = 2
"""Times in a row that chunks of a dead worker process are given to another."""

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@runtime_checkable
class RowSource(Protocol):
    """A table, or several that are read as one."""

    @property
    def name(self) -> str:
        """Name for messages."""

    @property
    def size(self) -> int:
        """Position after the last row; see `Chunk.position`."""

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows in order, `size` at a time."""


@dataclass(frozen=True, slots=True)
class ChunkWork(Generic[Question, Answer]):
    """Work to be done on the texts of a chunk."""

    function: Callable[[Question], Answer]
    """Runs in a worker process, so it must be importable by name."""
    question: Callable[[list[str]], Question]
    """Builds its argument from the texts of the readable rows."""


def map_chunks(
    table: RowSource,
    work: ChunkWork[Question, Answer],
    workers: int,
    *,
    executor: Executor | None = None,
    progress: bool,
) -> Iterator[tuple[Chunk, Answer]]:
    """All chunks of the table in order, with the answer for the readable rows of each.

    Args:
        table: the rows.
        work: what is done with the readable rows of a chunk.
        workers: processes of this machine, or those of the executor.
        executor: works instead of processes of this machine, unless the table is small.
        progress: whether to show a bar.

    Raises:
        DataError: the file breaks off or is damaged.
        WorkerError: worker processes died repeatedly, or a cluster has no workers.
    """
    chunks = table.chunks(_CHUNK_ROWS)
    first = list(islice(chunks, _SMALL_CHUNKS + 1))
    if len(first) <= _SMALL_CHUNKS:
        workers, executor = 1, None
    items = (
        (chunk, work.question([row.text for row in chunk.readable]))
        for chunk in chain(first, chunks)
    )
    with tqdm(total=table.size, unit_scale=True, disable=not progress) as bar:
        rows = 0
        bar.set_description(table.name)
        for chunk, answer in ordered_map(
            work.function, items, workers, executor=executor, retries=_RETRIES
        ):
            yield chunk, answer
            rows += len(chunk.rows)
            rate = rows / max(bar.format_dict["elapsed"], 1e-9)
            bar.set_postfix_str(f"{rows:,} rows, {rate:,.0f} rows/s", refresh=False)
            bar.update(chunk.position - bar.n)
