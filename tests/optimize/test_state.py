import math

import numpy as np
import pytest

from molvae.errors import RunError
from molvae.optimize.state import State, generator_state, restore_generator


def test_numbers_and_arrays_come_back_to_the_bit():
    array = np.array([[0.1, -0.0], [math.inf, math.nan]])
    state = State({"n": 3, "x": 0.1, "none": None, "low": -math.inf}, {"a": array})
    restored = State.from_bytes(state.to_bytes())
    assert restored.values == state.values
    assert restored.arrays["a"].tobytes() == array.tobytes()


@pytest.mark.parametrize("array", [np.zeros((0, 4)), np.arange(3), np.eye(3)[:, ::2], np.eye(2).T])
def test_arrays_of_any_shape_come_back(array):
    restored = State.from_bytes(State(arrays={"a": array}).to_bytes()).arrays["a"]
    assert restored.dtype == array.dtype
    np.testing.assert_array_equal(restored, array)


def test_a_restored_array_can_be_written_to():
    restored = State.from_bytes(State(arrays={"a": np.zeros(3)}).to_bytes())
    restored.arrays["a"][0] = 1


def test_a_generator_goes_on_where_it_stood():
    generator = np.random.default_rng(0)
    generator.standard_normal(7)
    restored = restore_generator(generator_state(generator))
    np.testing.assert_array_equal(restored.standard_normal(9), generator.standard_normal(9))


def test_damaged_bytes_are_refused():
    content = State({"n": 1}, {"a": np.zeros(3)}).to_bytes()
    for damaged in (content[:-3], content[10:], b""):
        with pytest.raises(RunError, match="damaged"):
            State.from_bytes(damaged)
