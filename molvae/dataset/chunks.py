"""The rows of a table through worker processes: chunk by chunk, answers in the order of rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

from tqdm import tqdm

from molvae.dataset.tables import Chunk, Table
from molvae.parallel import ordered_map

_CHUNK_ROWS = 500
_SMALL_CHUNKS = 4
"""A table of no more chunks is worked through before other processes would have started."""

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ChunkWork(Generic[Question, Answer]):
    """What is done to the texts of a chunk."""

    function: Callable[[Question], Answer]
    """Runs in a worker process, so it must be importable by name."""
    question: Callable[[list[str]], Question]
    """Makes its argument of the texts of the readable rows."""


def answered_chunks(
    table: Table, work: ChunkWork[Question, Answer], workers: int, *, progress: bool
) -> Iterator[tuple[Chunk, Answer]]:
    """All chunks of the table in order, each with the answer for its readable rows.

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
    size = table.path.stat().st_size
    with tqdm(total=size, unit="B", unit_scale=True, disable=not progress) as bar:
        rows = 0
        bar.set_description(table.path.name)
        for chunk, answer in ordered_map(work.function, items, workers):
            yield chunk, answer
            rows += len(chunk.rows)
            rate = rows / max(bar.format_dict["elapsed"], 1e-9)
            bar.set_postfix_str(f"{rows:,} rows, {rate:,.0f} rows/s", refresh=False)
            bar.update(chunk.bytes_read - bar.n)
