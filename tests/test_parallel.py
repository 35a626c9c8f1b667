import os
import signal
from itertools import count, islice

import pytest

from molvae.errors import MoleculeError, WorkerError
from molvae.parallel import available_cores, ordered_map


def square(n):
    return n * n


def refuse(n):
    raise MoleculeError("too big", str(n))


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_the_order_of_the_questions(workers):
    assert list(ordered_map(square, range(50), workers)) == [n * n for n in range(50)]


@pytest.mark.parametrize("workers", [1, 2])
def test_questions_are_drawn_lazily(workers):
    assert list(islice(ordered_map(square, count(), workers), 5)) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_raised_here_as_it_was(workers):
    with pytest.raises(MoleculeError, match="too big: 3") as caught:
        list(ordered_map(refuse, [3], workers))
    assert caught.value.reason == "too big"


def test_there_is_a_core():
    assert available_cores() >= 1


def die(n):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_worker_that_dies_is_one_clear_line_and_not_the_end():
    with pytest.raises(WorkerError, match="a worker process died"):
        list(ordered_map(die, [1], 2))
    assert list(ordered_map(square, [3], 2)) == [9]
