import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from molvae.dataset.batches import epoch_batches


def some_lengths(count, seed=0):
    return np.random.default_rng(seed).normal(33, 5, count).astype(np.int32)


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=200),
    st.integers(1, 20),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_every_index_comes_once_and_no_batch_is_too_large_or_tiny(lengths, size, seed, epoch):
    lengths = np.array(lengths, dtype=np.int32)
    indices = np.flatnonzero(lengths != 3)
    batches = epoch_batches(lengths, indices, size, seed, epoch)
    assert sorted(index for batch in batches for index in batch.tolist()) == indices.tolist()
    assert all(len(batch) <= size for batch in batches)
    assert all(len(batch) >= min(size / 2, len(indices)) for batch in batches)


def test_most_batches_hold_molecules_of_one_length():
    lengths = some_lengths(100_000)
    batches = epoch_batches(lengths, np.arange(len(lengths)), 128, seed=0, epoch=0)
    pure = sum(len(batch) for batch in batches if np.ptp(lengths[batch]) == 0)
    assert pure > 0.97 * len(lengths)


def test_a_mixed_batch_joins_neighboring_lengths():
    lengths = np.repeat(np.arange(10, 50, dtype=np.int32), 4)
    batches = epoch_batches(lengths, np.arange(len(lengths)), 16, seed=1, epoch=0)
    assert [len(batch) for batch in batches] == [16] * 10
    assert all(np.ptp(lengths[batch]) == 3 for batch in batches)


def test_a_length_with_half_a_batch_or_more_is_never_mixed():
    lengths = np.repeat(np.arange(10, 50, dtype=np.int32), np.arange(8, 48))
    batches = epoch_batches(lengths, np.arange(len(lengths)), 16, seed=1, epoch=0)
    assert all(np.ptp(lengths[batch]) == 0 for batch in batches)


def test_a_length_is_divided_evenly():
    lengths = np.full(33, 5, dtype=np.int32)
    batches = epoch_batches(lengths, np.arange(33), 16, seed=0, epoch=0)
    assert sorted(len(batch) for batch in batches) == [11, 11, 11]


def test_the_same_seed_and_epoch_give_the_same_batches():
    lengths, indices = some_lengths(3_000), np.arange(0, 3_000, 2)
    first = epoch_batches(lengths, indices, 64, seed=3, epoch=2)
    second = epoch_batches(lengths, indices, 64, seed=3, epoch=2)
    assert all(map(np.array_equal, first, second))


def test_another_epoch_gives_other_batches_but_as_many():
    lengths, indices = some_lengths(3_000), np.arange(3_000)
    epochs = [epoch_batches(lengths, indices, 64, seed=3, epoch=epoch) for epoch in range(4)]
    assert len({tuple(batches[0].tolist()) for batches in epochs}) == 4
    assert len({len(batches) for batches in epochs}) == 1


def test_the_lengths_come_in_random_order():
    lengths = some_lengths(20_000)
    batches = epoch_batches(lengths, np.arange(len(lengths)), 64, seed=0, epoch=0)
    means = [lengths[batch].mean() for batch in batches]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.2


def test_no_molecules_give_no_batches():
    assert epoch_batches(some_lengths(5), np.arange(0), 4, seed=0, epoch=0) == []


def test_a_large_set_is_divided_within_seconds():
    lengths = some_lengths(1_600_000)
    begun = time.process_time()
    epoch_batches(lengths, np.arange(len(lengths)), 256, seed=0, epoch=0)
    assert time.process_time() - begun < 3
