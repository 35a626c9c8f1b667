import pytest
import torch

from molvae.errors import ConfigError
from molvae.training import fit
from molvae.training.process_group import check_process_count


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


def test_a_team_that_cannot_be_leaves_no_run_behind(tiny_plan, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "pick_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(fit, "pick_precision", lambda device: torch.float32)
    plan = tiny_plan.model_copy(update={"train": tiny_plan.train.with_changes({"processes": 2})})
    with pytest.raises(ConfigError, match="processes = 2"):
        fit.train(plan, tmp_path / "run")
    assert not (tmp_path / "run").exists()
