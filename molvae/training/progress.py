"""ProgressReport: the progress of a training on the screen and on disk."""

import json
import math
from collections.abc import Callable
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


class ProgressReport:
    """A progress bar, the file `progress.jsonl`, and TensorBoard event files.

    Args:
        run: the run directory.
        notify: called with each line that the user should read; None drops them.
        bar: whether to show a bar with molecules/s and the time left.
        tensorboard: whether to write TensorBoard event files.
    """

    def __init__(
        self, run: RunDirectory, notify: Notify | None, *, bar: bool, tensorboard: bool
    ) -> None:
        self.run = run
        self.notify = notify or (lambda line: None)
        self.shows_bar = bar
        self.writer = _event_writer(run) if tensorboard else None
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
        line = {
            "step": step.number,
            "epoch": round(epoch, 4),
            "seconds": round(seconds, 1),
            "beta": step.beta,
            "learning_rate": step.learning_rate,
            "gradient_norm": step.gradient_norm,
            **{f"training_{name}": loss for name, loss in self.losses.items()},
            **validation.to_json(),
        }
        with self.run.progress.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        if self.writer is not None:
            for name, value in line.items():
                if isinstance(value, float):
                    self.writer.add_scalar(name, value, step.number)

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        if self.bar is not None:
            self.bar.clear()
        self.notify(line)
        if self.bar is not None:
            self.bar.refresh()


def _event_writer(run: RunDirectory) -> "SummaryWriter":
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("tensorboard", "track") from None
    return SummaryWriter(str(run.tensorboard))
