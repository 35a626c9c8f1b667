"""Send figures of a training or a search to TensorBoard, Weights & Biases or MLflow."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from molvae.errors import MissingExtraError


class TrackerKind(StrEnum):
    """Program that draws the figures of a run."""

    TENSORBOARD = "tensorboard"
    WANDB = "wandb"
    MLFLOW = "mlflow"


@runtime_checkable
class Trackable(Protocol):
    """An event of a training or a search that has figures."""

    @property
    def number(self) -> int:
        """Position of the event on the horizontal axis."""
        ...

    def values(self) -> Mapping[str, float]:
        """Figures by name."""
        ...


class _Sink(Protocol):
    def log(self, values: Mapping[str, float], number: int) -> None: ...
    def close(self) -> None: ...


# object: a training also reports events without figures, which are ignored.
@contextmanager
def track(kind: TrackerKind, folder: Path) -> Iterator[Callable[[object], None]]:
    """A callback for `train` or `search` that sends figures to a tracker.

    Weights & Biases and MLflow read their own settings and environment variables, such as
    WANDB_MODE=offline and MLFLOW_TRACKING_URI.

    Args:
        kind: program that the figures are for.
        folder: run directory; its name is that of the run.

    Raises:
        MissingExtraError: the program is not installed.
    """
    if find_spec(kind) is None:
        raise MissingExtraError(kind, _EXTRAS[kind])
    sinks: list[_Sink] = []

    def callback(event: object) -> None:
        if not isinstance(event, Trackable):
            return
        # Not before there is a figure: a new run directory must be empty.
        if not sinks:
            sinks.append(_SINKS[kind](folder))
        # A tracker may refuse NaN, such as the best score before there is any.
        values = {name: float(value) for name, value in event.values().items()}
        sinks[0].log(
            {name: value for name, value in values.items() if isfinite(value)}, event.number
        )

    try:
        yield callback
    finally:
        for sink in sinks:
            sink.close()


class _TensorBoard:
    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, values: Mapping[str, float], number: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, number)

    def close(self) -> None:
        self._writer.close()


class _WeightsAndBiases:
    def __init__(self, folder: Path) -> None:
        import wandb

        # Any: wandb may be absent, so that its types are unknown.
        self._run: Any = wandb.init(project="molvae", name=folder.name, dir=str(folder))

    def log(self, values: Mapping[str, float], number: int) -> None:
        self._run.log(dict(values), step=number)

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    def __init__(self, folder: Path) -> None:
        import mlflow

        # Any: mlflow may be absent, so that its types are unknown.
        self._mlflow: Any = mlflow
        self._mlflow.set_experiment("molvae")
        self._mlflow.start_run(run_name=folder.name)

    def log(self, values: Mapping[str, float], number: int) -> None:
        self._mlflow.log_metrics(dict(values), step=number)

    def close(self) -> None:
        self._mlflow.end_run()


_EXTRAS: Mapping[TrackerKind, str] = MappingProxyType(
    {
        TrackerKind.TENSORBOARD: "track",
        TrackerKind.WANDB: "wandb",
        TrackerKind.MLFLOW: "mlflow",
    }
)
"""Optional dependencies of molvae that bring the programs."""

_SINKS: Mapping[TrackerKind, Callable[[Path], _Sink]] = MappingProxyType(
    {
        TrackerKind.TENSORBOARD: _TensorBoard,
        TrackerKind.WANDB: _WeightsAndBiases,
        TrackerKind.MLFLOW: _MLflow,
    }
)
