"""Batches of rows of ids: of similar length, so that little of a batch is padding, and padded."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from molvae.special_ids import END, PAD


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Indices of the rows in batches of up to `size`, from the shortest row to the longest.

    Rows of equal length stay in their order.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for begin in range(0, len(order), size):
        yield order[begin : begin + size]


def pad_ids(
    rows: Sequence[Sequence[int]],
) -> tuple[Int[Tensor, "molecule position"], Int[Tensor, " molecule"]]:
    """Rows of ids with END and PAD, as the network takes them, and their lengths with END."""
    lengths = torch.tensor([len(row) + 1 for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), PAD)
    for index, row in enumerate(rows):
        ids[index, : len(row) + 1] = torch.tensor([*row, END])
    return ids, lengths
