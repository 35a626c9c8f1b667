"""The rows of a table through worker processes, chunk by chunk, with answers in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

from tqdm import tqdm

from molvae.dataset.tables import Chunk, Table
from molvae.parallel import ordered_map

_CHUNK_ROWS = 500
_SMALL_CHUNKS = 4
"""Tables of up to this many chunks are done before other processes would have started."""

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ChunkWork(Generic[Question, Answer]):
    """Work to be done on the texts of a chunk."""

    function: Callable[[Question], Answer]
    """Runs in a worker process, so it must be importable by name."""
    question: Callable[[list[str]], Question]
    """Builds its argument from the texts of the readable rows."""


def map_chunks(
    table: Table, work: ChunkWork[Question, Answer], workers: int, *, progress: bool
) -> Iterator[tuple[Chunk, Answer]]:
    """All chunks of the table in order, with the answer for the readable rows of each.

    Raises:
        DataError: the file breaks off or is damaged.
    """
    chunks = table.chunks(_CHUNK_ROWS)
    first = list(islice(chunks, _SMALL_CHUNKS + 1))
    workers = workers if len(first) > _SMALL_CHUNKS else 1
    items = (
        (chunk, work.question([row.text for row in chunk.readable]))
        for chunk in chain(first, chunks)
    )
    with tqdm(total=table.size, unit_scale=True, disable=not progress) as bar:
        rows = 0
        bar.set_description(table.name)
        for chunk, answer in ordered_map(work.function, items, workers):
            yield chunk, answer
            rows += len(chunk.rows)
            rate = rows / max(bar.format_dict["elapsed"], 1e-9)
            bar.set_postfix_str(f"{rows:,} rows, {rate:,.0f} rows/s", refresh=False)
            bar.update(chunk.position - bar.n)
