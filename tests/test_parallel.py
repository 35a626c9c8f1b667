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
    assert list(ordered_map(square, ((str(n), n) for n in range(50)), workers)) == [
        (str(n), n * n) for n in range(50)
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_questions_are_drawn_lazily(workers):
    assert list(islice(ordered_map(square, enumerate(count()), workers), 3)) == [
        (0, 0),
        (1, 1),
        (2, 4),
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_raised_here_as_it_was(workers):
    with pytest.raises(MoleculeError, match="too big: 3") as caught:
        list(ordered_map(refuse, [(None, 3)], workers))
    assert caught.value.reason == "too big"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_context_need_not_travel_to_a_worker(workers):
    unpicklable = (n for n in "ab")
    assert list(ordered_map(square, [(unpicklable, 3)], workers)) == [(unpicklable, 9)]


def test_there_is_a_core():
    assert available_cores() >= 1


def die(n):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_worker_that_dies_is_one_clear_line_and_not_the_end():
    with pytest.raises(WorkerError, match="a worker process died"):
        list(ordered_map(die, [(None, 1)], 2))
    assert list(ordered_map(square, [(None, 3)], 2)) == [(None, 9)]
