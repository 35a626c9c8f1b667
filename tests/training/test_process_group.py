import pytest
import torch

from molvae.errors import ConfigError
from molvae.training.process_group import check_process_count
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
