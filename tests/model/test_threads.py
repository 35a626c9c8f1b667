from functools import partial
from threading import Barrier, current_thread, main_thread

import pytest
import torch

from molvae.model import threads
from molvae.model.threads import one_thread, side_by_side

CPU = torch.device("cpu")


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(threads, "available_cores", lambda: 2)


def test_one_thread_for_a_while():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_work_side_by_side_is_done_at_once_each_on_one_thread(two_cores):
    meeting = Barrier(2)

    def work(name):
        meeting.wait(timeout=30)
        return name, torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert side_by_side(CPU, [partial(work, "a"), partial(work, "b")]) == [("a", 1), ("b", 1)]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_an_error_beside_other_work_is_raised_once_that_has_ended(two_cores):
    begun, done = Barrier(2), []

    def fail():
        begun.wait(timeout=30)
        raise ValueError("of the one")

    def work():
        begun.wait(timeout=30)
        done.append(True)

    with pytest.raises(ValueError, match="of the one"):
        side_by_side(CPU, [fail, work])
    assert done


@pytest.mark.parametrize(("device", "cores"), [("meta", 2), ("cpu", 1)])
def test_where_nothing_is_gained_it_is_done_here_in_order(monkeypatch, device, cores):
    monkeypatch.setattr(threads, "available_cores", lambda: cores)
    assert side_by_side(torch.device(device), [current_thread] * 2) == [main_thread()] * 2
    assert side_by_side(CPU, [current_thread]) == [main_thread()]
    assert side_by_side(CPU, []) == []
