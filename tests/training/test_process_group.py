import pytest
import torch
from torch import distributed

from molvae.errors import ConfigError, TrainingError
from molvae.training.process_group import ProcessGroup, check_process_count
from molvae.training.run import train


def test_several_processes_share_a_processor_or_a_gpu_each(monkeypatch):
    check_process_count(4, torch.device("cpu"))
    check_process_count(1, torch.device("cuda"))
    with pytest.raises(ConfigError, match="torchrun --nproc-per-node 2"):
        check_process_count(2, torch.device("cuda"))
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "here")
    monkeypatch.setenv("WORLD_SIZE", "2")
    check_process_count(2, torch.device("cuda"))
    with pytest.raises(ConfigError, match="mps serves one"):
        check_process_count(2, torch.device("mps"))


def test_too_many_processes_for_a_gpu_leave_no_run_behind(tiny_plan, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    config = tiny_plan.train.with_changes({"processes": 2, "device": "cuda"})
    plan = tiny_plan.model_copy(update={"train": config})
    with pytest.raises(ConfigError, match="processes = 2"):
        train(plan, tmp_path / "run")
    assert not (tmp_path / "run").exists()


class _LateWork(distributed.Work):
    """An operation whose first wait ends a moment before the operation does."""

    def __init__(self, failure=None):
        super().__init__()
        self.waits = 0
        self.failure = failure

    def wait(self, *_limit):
        self.waits += 1
        if self.waits == 1:
            raise RuntimeError("the wait timed out")
        if self.failure is not None:
            raise self.failure

    def is_completed(self):
        return True


# A worker that was stopped and continued ended, because its wait was over before the operation.
def test_an_operation_that_ends_just_after_the_wait_has_not_failed(monkeypatch):
    monkeypatch.setattr(distributed, "all_reduce", lambda values, async_op: _LateWork())
    assert ProcessGroup(0, 2).all_reduce(torch.ones(2)).tolist() == [1.0, 1.0]


def test_an_operation_that_failed_is_an_error(monkeypatch):
    work = _LateWork(RuntimeError("connection closed by peer"))
    monkeypatch.setattr(distributed, "all_reduce", lambda values, async_op: work)
    with pytest.raises(TrainingError, match="connection closed by peer"):
        ProcessGroup(0, 2).all_reduce(torch.ones(2))
