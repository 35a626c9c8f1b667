from hypothesis import given
from hypothesis import strategies as st

from molvae.model.batching import by_length


def test_batches_go_from_the_shortest_row_to_the_longest():
    assert list(by_length([5, 1, 3, 1, 9], 2)) == [[1, 3], [2, 0], [4]]
    assert list(by_length([], 2)) == []


@given(st.lists(st.integers(1, 9)), st.integers(1, 4))
def test_each_row_is_in_a_single_batch_of_limited_size(lengths, size):
    batches = list(by_length(lengths, size))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(0 < len(batch) <= size for batch in batches)
