from functools import partial
from threading import Barrier, current_thread, main_thread

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from molvae.model.threads import one_thread, side_by_side

CPU = torch.device("cpu")


def test_one_thread_for_a_while():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_one_thread_for_the_products_of_numpy_and_scipy_too():
    with threadpool_limits(2, user_api="blas"):
        with one_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {2}


def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def test_work_side_by_side_is_done_at_once_each_on_one_thread():
    meeting = Barrier(2)

    def work(name):
        meeting.wait(timeout=30)
        return name, torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert side_by_side(CPU, [partial(work, "a"), partial(work, "b")], 2) == [
            ("a", 1),
            ("b", 1),
        ]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_an_error_beside_other_work_is_raised_once_that_has_ended():
    begun, done = Barrier(2), []

    def fail():
        begun.wait(timeout=30)
        raise ValueError("of the one")

    def work():
        begun.wait(timeout=30)
        done.append(True)

    with pytest.raises(ValueError, match="of the one"):
        side_by_side(CPU, [fail, work], 2)
    assert done


@pytest.mark.parametrize(("device", "cores"), [("meta", 2), ("cpu", 1)])
def test_where_nothing_is_gained_it_is_done_here_in_order(device, cores):
    there = torch.device(device)
    assert side_by_side(there, [current_thread] * 2, cores) == [main_thread()] * 2
    assert side_by_side(CPU, [current_thread], 2) == [main_thread()]
    assert side_by_side(CPU, [], 2) == []
