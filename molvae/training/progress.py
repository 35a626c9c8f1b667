"""ProgressReport: the progress of a training on the screen and on disk."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from molvae.diagnosis.held_out import HeldOut
from molvae.errors import FileError, MissingExtraError
from molvae.files import atomic_write, read_json_lines
from molvae.runs import RunDirectory
from molvae.training.loop import Step

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_SMOOTHING = 0.02
"""Weight of the newest update in the running means beside the bar."""

_LOSSES = {"reconstruction": "reconstruction", "kl": "KL", "language": "prior"}
"""Names of the losses beside the bar."""

Notify = Callable[[str], None]
"""Called with each line that the user should read."""


# Any: JSON values.
@dataclass(frozen=True)
class Validation:
    """A validation on held-out molecules during a training."""

    step: Step
    """The last update before the validation."""
    epoch: float
    """Epochs done, with fractions."""
    seconds: float
    """Time of the training over all sessions."""
    training_losses: Mapping[str, float]
    """Running means of the losses of the updates, by name; see `Step.losses`."""
    held_out: HeldOut

    @property
    def number(self) -> int:
        """Updates made."""
        return self.step.number

    def values(self) -> Mapping[str, float]:
        """Figures by name: those of `progress.jsonl` that are numbers with a fraction."""
        return {name: value for name, value in self.to_json().items() if isinstance(value, float)}

    def to_json(self) -> dict[str, Any]:
        """The line of `progress.jsonl`."""
        return {
            "step": self.step.number,
            "epoch": round(self.epoch, 4),
            "seconds": round(self.seconds, 1),
            "beta": self.step.beta,
            "learning_rate": self.step.learning_rate,
            "gradient_norm": self.step.gradient_norm,
            **{f"training_{name}": loss for name, loss in self.training_losses.items()},
            **self.held_out.to_json(),
        }


TrainingCallback = Callable[[Step | Validation], None]
"""Called after each update and each validation, in the main process."""


class ProgressReport:
    """A progress bar, the file `progress.jsonl`, and TensorBoard event files.

    Args:
        run: the run directory.
        notify: called with each line that the user should read; None drops them.
        bar: whether to show a bar with molecules/s and the time left.
        tensorboard: whether to write TensorBoard event files.
        callback: called after each update and each validation; None for nothing.
    """

    def __init__(
        self,
        run: RunDirectory,
        notify: Notify | None,
        *,
        bar: bool,
        tensorboard: bool,
        callback: TrainingCallback | None = None,
    ) -> None:
        self.callback = callback or (lambda event: None)
        self.run = run
        self.notify = notify or (lambda line: None)
        self.shows_bar = bar
        self.writer: SummaryWriter | None = None
        if tensorboard:
            try:
                from torch.utils import tensorboard as events
            except ImportError:
                raise MissingExtraError("tensorboard", "track") from None
            self.writer = events.SummaryWriter(str(run.tensorboard))
        self.bar: tqdm[Any] | None = None
        self.losses: dict[str, float] = {}

    def __enter__(self) -> "ProgressReport":
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.writer is not None:
            self.writer.close()

    def begin(self, molecules: int | None, done: int, step: int) -> None:
        """Start the bar, and drop lines of updates after `step`, which will be made again.

        Args:
            molecules: molecules of all epochs; None if the training may end by a time limit.
            done: molecules of earlier sessions.
            step: updates of earlier sessions.
        """
        self.bar = tqdm(
            total=molecules,
            initial=done,
            unit=" molecules",
            unit_scale=True,
            smoothing=0.05,
            disable=not self.shows_bar,
            mininterval=0.5,
        )
        lines = self._read_lines()
        with atomic_write(self.run.progress) as stream:
            stream.writelines(
                json.dumps(line) + "\n" for line in lines if line.get("step", math.inf) <= step
            )

    # Any: JSON values.
    def _read_lines(self) -> list[dict[str, Any]]:
        """The lines of earlier sessions; a damaged file is renamed, as nothing depends on it."""
        if not self.run.progress.exists():
            return []
        try:
            return read_json_lines(self.run.progress)
        except FileError as error:
            aside = self.run.progress.with_name("progress.damaged.jsonl")
            self.run.progress.replace(aside)
            self.say(f"{error}; it was renamed to {aside.name}, and a new file is begun")
            return []

    def step(self, step: Step) -> None:
        """Advance the bar by an update."""
        self.callback(step)
        if self.bar is None:
            return
        for name, loss in step.losses.items():
            before = self.losses.get(name, loss)
            self.losses[name] = before + _SMOOTHING * (loss - before)
        losses = ", ".join(f"{_LOSSES[name]} {loss:.4g}" for name, loss in self.losses.items())
        share = "" if self.bar.total else f"{step.progress:.0%} of the time, "
        self.bar.set_postfix_str(f"{share}{losses} nats", refresh=False)
        self.bar.update(step.molecules)

    def validation(self, step: Step, epoch: float, validation: HeldOut, seconds: float) -> None:
        """Show a validation, and append it to `progress.jsonl`."""
        self.say(f"epoch {epoch:.2f}: {validation}")
        event = Validation(step, epoch, seconds, dict(self.losses), validation)
        with self.run.progress.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event.to_json()) + "\n")
        if self.writer is not None:
            for name, value in event.values().items():
                self.writer.add_scalar(name, value, step.number)
        self.callback(event)

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        if self.bar is not None:
            self.bar.clear()
        self.notify(line)
        if self.bar is not None:
            self.bar.refresh()
