import pytest

from molvae.dataset.spacing import spread_indices


@pytest.mark.parametrize(
    ("size", "limit", "indices"),
    [
        (0, 3, []),
        (3, 0, []),
        (1, 3, [0]),
        (3, 5, [0, 1, 2]),
        (5, 3, [0, 2, 4]),
        (10, 4, [0, 3, 6, 9]),
    ],
)
def test_indices_run_from_the_first_to_the_last(size, limit, indices):
    assert spread_indices(size, limit) == indices


def test_no_index_occurs_twice_just_above_the_limit():
    assert len(set(spread_indices(2_001, 2_000))) == 2_000
    assert spread_indices(3_999, 2_000)[-1] == 3_998
