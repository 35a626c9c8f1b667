"""Batches of rows of similar length, so that little of a batch is padding."""

from collections.abc import Iterator, Sequence


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Indices of the rows in batches of up to `size`, from the shortest row to the longest.

    Rows of equal length stay in their order.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for begin in range(0, len(order), size):
        yield order[begin : begin + size]
