"""Batches of molecules, and which molecules share a batch during an epoch."""

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
        view_ids: as `ids`, in the spellings that the encoder reads; None where it reads `ids`.
        view_lengths: as `lengths`, of these.
        fingerprints: log(1 + count) of each substructure; None where nothing is trained on them.
        conditions: one column per condition of the model; NaN where the value is unknown. None for
            a model without conditions.
    """

    ids: Int64[np.ndarray, "molecule position"]
    lengths: Int64[np.ndarray, " molecule"]
    properties: Float32[np.ndarray, "molecule property"]
    view_ids: Int64[np.ndarray, "molecule view_position"] | None = None
    view_lengths: Int64[np.ndarray, " molecule"] | None = None
    fingerprints: Float32[np.ndarray, "molecule feature"] | None = None
    conditions: Float32[np.ndarray, "molecule condition"] | None = None


def epoch_batches(
    lengths: Int32[np.ndarray, " molecule"],
    indices: Integer[np.ndarray, " chosen"],
    batch_size: int,
    seed: int,
    epoch: int,
) -> list[Int64[np.ndarray, " row"]]:
    """Each chosen molecule exactly once, in batches of molecules of one length where possible.

    A length with enough molecules has batches of its own, of nearly one size; the others share
    mixed batches with their neighbors in length. The batches come in random order; their number
    does not depend on seed or epoch, and none has less than half of `batch_size` molecules unless
    fewer than that are chosen.

    Args:
        lengths: length of every molecule of the corpus.
        indices: the chosen molecules.
        batch_size: largest number of molecules in a batch.
        seed: random seed of the training.
        epoch: number of the epoch; each has an order of its own.
    """
    generator = np.random.default_rng([seed, epoch])
    shuffled = generator.permutation(np.asarray(indices, dtype=np.int64))
    by_length = shuffled[np.argsort(lengths[shuffled], kind="stable")]
    _, starts = np.unique(lengths[by_length], return_index=True)
    common: list[np.ndarray] = []
    rare: list[np.ndarray] = []
    for group in np.split(by_length, starts[1:]):
        (common if 2 * len(group) >= batch_size else rare).append(group)
    if common and 2 * sum(map(len, rare)) < batch_size:
        # Too few for a batch of their own: they share one with the shortest common length.
        rare.append(common.pop(0))
    batches = [batch for group in common for batch in _spread(group, batch_size)]
    if rare:
        batches += _spread(np.concatenate(rare), batch_size)
    return [batches[index] for index in generator.permutation(len(batches))]


def _spread(group: Int64[np.ndarray, " left"], batch_size: int) -> list[Int64[np.ndarray, " row"]]:
    """The molecules in as few batches as possible, of nearly one size."""
    return np.array_split(group, -(-len(group) // batch_size)) if len(group) else []
