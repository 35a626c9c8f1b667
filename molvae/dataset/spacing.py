"""Samples that are spread evenly over a sequence."""

import numpy as np


def spread_indices(size: int, limit: int) -> list[int]:
    """Indices of at most `limit` of `size` items, from the first to the last at equal distances.

    >>> spread_indices(7, 3)
    [0, 3, 6]
    """
    return list(map(int, np.linspace(0, size - 1, min(size, limit)).round()))
