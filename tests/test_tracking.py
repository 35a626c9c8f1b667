"""Figures of a run reach trackers; those that are not installed here have small stand-ins."""

import json
import math
import sys
from dataclasses import dataclass

import pytest

from molvae.errors import MissingExtraError
from molvae.tracking import TrackerKind, track

STAND_INS = {
    # The functions of wandb and mlflow that are used, with their real signatures.
    "wandb": """
import json, pathlib
class Run:
    def __init__(self, name, folder):
        self.name, self.file = name, pathlib.Path(folder) / "calls.jsonl"
    def log(self, data, step=None, commit=None):
        self.note([self.name, step, data])
    def finish(self, exit_code=None):
        self.note("end")
    def note(self, call):
        with self.file.open("a") as stream:
            stream.write(json.dumps(call) + "\\n")
def init(*, project=None, name=None, dir=None, **_):
    return Run(name, dir)
""",
    "mlflow": """
import json, pathlib
FILE = pathlib.Path(__file__).with_name("run") / "calls.jsonl"
run = []
def note(call):
    with FILE.open("a") as stream:
        stream.write(json.dumps(call) + "\\n")
def set_experiment(experiment_name=None, experiment_id=None):
    pass
def start_run(run_id=None, experiment_id=None, run_name=None, nested=False):
    run.append(run_name)
def log_metrics(metrics, step=None, synchronous=None):
    note([run[-1], step, metrics])
def end_run(status="FINISHED"):
    note("end")
""",
}


@dataclass(frozen=True)
class Figures:
    number: int
    loss: float

    def values(self):
        return {"loss": self.loss, "best": math.nan}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("kind", ["wandb", "mlflow"])
def test_figures_reach_the_tracker_and_the_run_is_closed(kind, folder, monkeypatch):
    (folder.parent / f"{kind}.py").write_text(STAND_INS[kind])
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.delitem(sys.modules, kind, raising=False)
    with track(TrackerKind(kind), folder) as callback:
        callback(Figures(1, 2.5))
        callback("an event without figures")
        callback(Figures(2, 1.5))
    del sys.modules[kind]
    calls = [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]
    assert calls == [["run", 1, {"loss": 2.5}], ["run", 2, {"loss": 1.5}], "end"]


def test_tensorboard_files_hold_the_figures(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with track(TrackerKind.TENSORBOARD, folder) as callback:
        # A new run directory must be empty when the training begins.
        assert not list(folder.iterdir())
        callback(Figures(3, 0.5))
    events = accumulator.EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    (scalar,) = events.Scalars("loss")
    assert (scalar.step, scalar.value) == (3, 0.5)


# The programs themselves, where they are installed, without a network.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("kind", "files"),
    [("wandb", "wandb/offline-run-*/*.wandb"), ("mlflow", "mlruns/*/*/metrics/loss")],
)
def test_an_installed_tracker_works_offline(kind, files, folder, monkeypatch):
    pytest.importorskip(kind)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (folder / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    with track(TrackerKind(kind), folder) as callback:
        callback(Figures(1, 2.5))
    assert list(folder.glob(files))


def test_a_tracker_that_is_not_installed_is_named_at_once(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "mlflow", raising=False)
    with pytest.raises(MissingExtraError, match="mlflow"), track(TrackerKind.MLFLOW, folder):
        pass
