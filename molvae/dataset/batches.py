"""Batch: ids of several molecules; and which molecules stand in one batch during an epoch."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, Int64, Integer


@dataclass(frozen=True)
class Batch:
    """Molecules as ids, one per row.

    Attributes:
        ids: symbols, then END, then PAD up to the longest row.
        lengths: ids of each row without PAD, END included.
        properties: one column per property; NaN where the value is missing.
    """

    ids: Int64[np.ndarray, "molecule position"]
    lengths: Int64[np.ndarray, " molecule"]
    properties: Float32[np.ndarray, "molecule property"]


def epoch_batches(
    lengths: Int32[np.ndarray, " molecule"],
    indices: Integer[np.ndarray, " chosen"],
    batch_size: int,
    seed: int,
    epoch: int,
) -> list[Int64[np.ndarray, " row"]]:
    """Every chosen molecule exactly once, in batches of one length as far as that goes.

    What is left of each length joins its neighbours in mixed batches. The batches come in random
    order; how many there are does not depend on seed or epoch, and none has less than half of
    `batch_size` molecules unless fewer than that are chosen.

    Args:
        lengths: length of every molecule of the corpus.
        indices: the molecules to take.
        batch_size: molecules in a batch, at most.
        seed: of the training.
        epoch: number of the pass; each has an order of its own.
    """
    generator = np.random.default_rng([seed, epoch])
    shuffled = generator.permutation(np.asarray(indices, dtype=np.int64))
    by_length = shuffled[np.argsort(lengths[shuffled], kind="stable")]
    full, left = _divided(lengths[by_length], batch_size)
    batches = [*by_length[full].reshape(-1, batch_size), *_spread(by_length[left], batch_size)]
    return [batches[place] for place in generator.permutation(len(batches))]


def _divided(
    lengths: Int32[np.ndarray, " molecule"], batch_size: int
) -> tuple[Int64[np.ndarray, " full"], Int64[np.ndarray, " left"]]:
    """Places in sorted lengths that fill whole batches of one length, and the places left over."""
    _, starts, counts = np.unique(lengths, return_index=True, return_counts=True)
    rank = np.arange(len(lengths)) - np.repeat(starts, counts)
    is_full = rank < np.repeat(counts - counts % batch_size, counts)
    full, left = np.flatnonzero(is_full), np.flatnonzero(~is_full)
    if len(full) and 0 < len(left) < batch_size / 2:
        # Too few for a batch of their own: the last whole batch shares its molecules with them.
        return full[:-batch_size], np.concatenate((full[-batch_size:], left))
    return full, left


def _spread(left: Int64[np.ndarray, " left"], batch_size: int) -> list[Int64[np.ndarray, " row"]]:
    """The same molecules in as few batches as can be, of nearly one size."""
    return np.array_split(left, -(-len(left) // batch_size)) if len(left) else []
