"""TrainingSession: updates, validations and checkpoints, from the run's last checkpoint on."""

import copy
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64

from molvae.dataset.corpus import Corpus
from molvae.dataset.data_files import describe_files
from molvae.diagnosis.held_out import HeldOut
from molvae.errors import RunError, TrainingError
from molvae.model_card import ModelCard
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory, provenance
from molvae.training.advice import advise_on_model
from molvae.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from molvae.training.config import TrainingPlan
from molvae.training.diagnostics import validate
from molvae.training.early_stopping import EarlyStopping
from molvae.training.interrupt import Interrupt
from molvae.training.loop import Step, TrainingLoop
from molvae.training.process_group import ProcessGroup
from molvae.training.progress import ProgressReport
from molvae.training.start import Start

_MAX_STEPS_BETWEEN_VALIDATIONS = 2_000
_MAX_ROLLBACKS = 8
_UPDATES_SHARE = 0.9
"""Share of the time limit for updates; the rest is for the last validation and the acceptance."""
_NOT_FINITE = "the validation was not finite"

Measure = Callable[
    [MoleculeVAE, Corpus, Int64[np.ndarray, " held_out"], int, ProcessGroup], HeldOut
]
"""Measures a model on held-out molecules, see `validate`."""


class StopReason(StrEnum):
    """Why a training ended."""

    ALL_EPOCHS = "all epochs are done"
    OUT_OF_TIME = "the time is up"
    NO_IMPROVEMENT = "validation stopped improving"
    INTERRUPTED = "interrupted; continue with `resume`"


class TrainingSession:
    """A training in this process; all processes of a group do the same steps.

    The main process alone writes files, reports, and watches the clock and the keyboard.

    Args:
        run: the run directory.
        plan: the resolved plan.
        start: the model and the data.
        group: the processes that train together.
        report: shows and saves the progress.
        measure: measures the model on the held-out molecules.
    """

    def __init__(
        self,
        run: RunDirectory,
        plan: TrainingPlan,
        start: Start,
        group: ProcessGroup,
        report: ProgressReport,
        measure: Measure = validate,
    ) -> None:
        self.run_directory = run
        self.plan = plan
        self.config = plan.train
        self.model = start.model
        self.data = start.data
        self.group = group
        self.report = report
        precision = torch.bfloat16 if plan.train.precision == "bfloat16" else torch.float32
        self.loop = TrainingLoop(
            self.model.network, self.data.corpus, self.data.training, plan.train, group, precision
        )
        self.state = TrainingState(data=self.data.corpus.digest)
        self.last_validation: HeldOut | None = None
        self._measure_model = measure
        self._began = self._checkpointed = time.monotonic()
        self._interrupt = Interrupt()
        self._good = self._snapshot()

    def restore(self) -> None:
        """Load the run's checkpoint, if it has one.

        Raises:
            RunError: the checkpoint is damaged, or the data have changed since.
        """
        checkpoint = self.run_directory.checkpoint
        if not checkpoint.exists():
            return
        self.state = read_checkpoint(checkpoint, self.model.network, self.loop.optimizer)
        if self.state.data not in (None, self.data.corpus.digest):
            raise RunError(
                f"{describe_files(self.plan.data_files)} holds other molecules than when "
                f"{str(self.run_directory.path)!r} was trained on it; restore that file, or start "
                "a new run from the model (`start`)"
            )
        self.loop.step_scale = self.state.step_scale
        self._good = self._snapshot()

    def run(self, preparation_seconds: float = 0.0) -> StopReason:
        """Train until there is a reason to stop; both models and the checkpoint are written.

        Args:
            preparation_seconds: time spent on the data and the model before, which counts
                towards the time limit.
        """
        self._checkpointed = time.monotonic()
        self._began = self._checkpointed - self.state.seconds - preparation_seconds
        if self.group.is_main:
            n = len(self.data.training)
            total = None if self.config.max_minutes else self.config.epochs * n
            done = int(self.state.step / self.loop.steps_per_epoch * n)
            self.report.begin(total, done, self.state.step)
        with self._interrupt.catch_signals(self.group.is_main):
            reason, step = StopReason.NO_IMPROVEMENT, None
            if not self.early_stopping.is_exhausted:
                reason, step = self._train()
        validation = self._settle(reason, step)
        if self.group.is_main:
            self._write_card(validation)
            self.model.save_pretrained(self.run_directory.last_model)
            best_model = self.run_directory.best_model
            # There is none yet, or none any more.
            if self.state.best_loss is None or not best_model.is_dir():
                self.model.save_pretrained(best_model)
        self.group.barrier()
        return reason

    @property
    def early_stopping(self) -> EarlyStopping:
        """The losses so far, from the state that checkpoints hold."""
        state = self.state
        return EarlyStopping(
            self.config.patience,
            state.best_loss,
            state.best_is_after_warmup,
            state.reference_loss,
            state.bad_validations,
        )

    @property
    def seconds(self) -> float:
        """Time of the training over all sessions, preparation included."""
        return time.monotonic() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Time until the limit of the whole training; None without a limit."""
        if self.config.max_minutes is None:
            return None
        return max(0.0, 60 * self.config.max_minutes - self.seconds)

    def measure(self) -> HeldOut:
        """Figures of the present weights on the held-out molecules."""
        self.model.network.eval()
        data = self.data
        return self._measure_model(
            self.model, data.corpus, data.held_out, self.config.seed, self.group
        )

    def _train(self) -> tuple[StopReason, Step | None]:
        step = None
        usual = min(self.loop.steps_per_epoch, _MAX_STEPS_BETWEEN_VALIDATIONS)
        validate_every = self.config.validate_every or usual
        # A new training makes an update even if cleaning the data took all the time.
        time_share = self._time_share(self.state.seconds) if self.state.step else 0.0
        for step in self.loop.steps(self.state.step, time_share, self._pace):
            self.last_validation = None
            self.state = self.state.model_copy(update={"step": step.number})
            if not step.is_finite:
                self._roll_back(step, "the gradient was not finite")
                continue
            if self.group.is_main:
                self.report.step(step)
            if step.number % validate_every == 0:
                self._validate(step)
                if self.early_stopping.is_exhausted:
                    return StopReason.NO_IMPROVEMENT, step
            if (reason := self._reason_to_stop(step)) is not None:
                return reason, step
            if time.monotonic() - self._checkpointed > 60 * self.config.checkpoint_minutes:
                self._checkpoint()
        return StopReason.OUT_OF_TIME if time_share >= 1.0 else StopReason.ALL_EPOCHS, step

    def _settle(self, reason: StopReason, step: Step | None) -> HeldOut:
        """Write a checkpoint, and return a validation of the last weights."""
        # An interrupt leaves no trace in the state: after a resume it is as if it had not been.
        is_end = reason is not StopReason.INTERRUPTED
        if not is_end:
            self._checkpoint()
        elif step is not None and self.last_validation is None:
            self._validate(step)
        validation = self.last_validation or self.measure()
        if step is not None and not (is_end or validation.is_finite):
            self._roll_back(step, _NOT_FINITE)
            validation = self.measure()
        self.last_validation = validation
        if is_end:
            self._checkpoint()
        return validation

    def _reason_to_stop(self, step: Step) -> StopReason | None:
        """Why to end after this update; the same in every process of the process group."""
        if step.time_is_up:
            return StopReason.OUT_OF_TIME
        is_asked = step.stop_asked and step.number < self.loop.total_steps
        return StopReason.INTERRUPTED if is_asked else None

    def _pace(self) -> tuple[float, bool]:
        """Share of the time for updates that has passed, and whether to end now."""
        share = self._time_share(self.seconds)
        return share, share >= 1.0 or self._interrupt.is_requested

    def _time_share(self, seconds: float) -> float:
        minutes = self.config.max_minutes
        if not minutes:
            return 0.0
        return min(1.0, seconds / (60 * minutes * _UPDATES_SHARE))

    def _validate(self, step: Step) -> None:
        """Measure; save the model if it is the best so far; roll back if it is not finite."""
        validation = self.measure()
        if not validation.is_finite:
            self._roll_back(step, _NOT_FINITE)
            return
        self.last_validation = validation
        self._good = self._snapshot()
        loss = validation.loss(self.config.beta)
        after_warmup = step.progress >= self.config.beta_warmup
        is_best = self.early_stopping.is_best(loss, after_warmup=after_warmup)
        stopping = self.early_stopping.update(loss, after_warmup=after_warmup)
        changes = {name: value for name, value in vars(stopping).items() if name != "patience"}
        self.state = self.state.model_copy(update=changes)
        if self.group.is_main:
            self._report_validation(step, validation)
            if is_best:
                self._write_card(validation)
                self.model.save_pretrained(self.run_directory.best_model)
            self._checkpoint()

    def _report_validation(self, step: Step, validation: HeldOut) -> None:
        epoch = step.number / self.loop.steps_per_epoch
        self.report.validation(step, epoch, validation, self.seconds)
        # Before the learning rate is at its peak nothing has been learned that could collapse.
        is_warm = self.state.best_is_after_warmup and step.progress >= self.config.warmup
        advice = validation.collapse() if is_warm else None
        if advice:
            self.report.say(f"advice: {advice}")

    def _roll_back(self, step: Step, reason: str) -> None:
        """Return to the last good weights and halve the learning rate."""
        rollbacks = self.state.rollbacks + 1
        if rollbacks > _MAX_ROLLBACKS:
            raise TrainingError(
                f"{reason} at update {step.number}, after {_MAX_ROLLBACKS} returns to good "
                "weights; start again with a smaller `learning_rate` or `precision=float32`"
            )
        weights, moments = self._good
        self.model.network.load_state_dict(weights)
        self.loop.optimizer.load_state_dict(copy.deepcopy(moments))
        self.loop.step_scale = self.state.step_scale / 2
        self.state = self.state.model_copy(
            update={"rollbacks": rollbacks, "step_scale": self.loop.step_scale}
        )
        if self.group.is_main:
            self.report.say(
                f"{reason} at update {step.number}: back to the last good weights, learning rate "
                f"x {self.loop.step_scale:g} from here"
            )
        # The checkpoint on disk may hold the weights that have just been given up.
        self._checkpoint()

    # Any: torch defines the structure of an optimizer's state.
    def _snapshot(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        return (
            copy.deepcopy(self.model.network.state_dict()),
            copy.deepcopy(self.loop.optimizer.state_dict()),
        )

    def _checkpoint(self) -> None:
        self._checkpointed = time.monotonic()
        if self.group.is_main:
            self.state = self.state.model_copy(update={"seconds": self.seconds})
            write_checkpoint(
                self.run_directory.checkpoint, self.state, self.model.network, self.loop.optimizer
            )

    def _write_card(self, validation: HeldOut) -> None:
        """Put on the model's card what it was trained on and what was measured."""
        card = {
            "data": self.plan.data_files[0].name,
            "cleaning": self.plan.corpus.standardize.model_dump(mode="json"),
            "max_symbols": self.plan.corpus.max_symbols,
            "molecules": len(self.data.training),
            "beta": self.config.beta,
            "held_out_seed": self.model.card.held_out_seed(self.config.seed),
            "updates": self.state.step,
            "minutes": round(self.seconds / 60, 2),
            "validation": validation.to_json(),
            "advice": advise_on_model(validation),
            "provenance": provenance(self.config.seed),
        }
        if more := len(self.plan.data_files) - 1:
            card["data"] = f"{card['data']} and {more:,} more files"
        if (head := self.model.network.head) is not None:
            deviations = head.deviation.tolist()
            card["property_errors"] = {
                name: None if error is None else error * deviation
                for name, error, deviation in zip(
                    self.model.property_names, validation.property_errors, deviations, strict=True
                )
            }
        if ranges := self.model.condition_ranges:
            card["conditions"] = {
                name: {"low": low, "high": high} for name, (low, high) in ranges.items()
            }
        self.model.card = ModelCard(card)
