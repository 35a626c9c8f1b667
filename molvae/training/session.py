"""TrainingSession: one process's course through a training, from its last checkpoint on."""

import copy
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64

from molvae.dataset.corpus import Corpus
from molvae.diagnosis.held_out import HeldOut
from molvae.errors import RunError, TrainingError
from molvae.model_card import ModelCard
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory, provenance
from molvae.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from molvae.training.config import TrainingPlan
from molvae.training.diagnostics import validate
from molvae.training.interrupt import Interrupt
from molvae.training.loop import Step, TrainingLoop
from molvae.training.process_group import ProcessGroup
from molvae.training.progress import ProgressReport

_MOST_STEPS_BETWEEN_VALIDATIONS = 2_000
_MOST_ROLLBACKS = 8
_WORTHWHILE = 1e-3
"""Share of the loss that it must fall by for training to go on."""
_NOT_FINITE = "the validation was not finite"


class StopReason(StrEnum):
    """Why a training ended."""

    ALL_EPOCHS = "all epochs are done"
    OUT_OF_TIME = "the time is up"
    NO_IMPROVEMENT = "validation stopped improving"
    INTERRUPTED = "interrupted; continue with `resume`"


@dataclass(frozen=True)
class TrainingData:
    """The molecules of a training, and which of them are held out."""

    corpus: Corpus
    training: Int64[np.ndarray, " chosen"]
    held_out: Int64[np.ndarray, " held_out"]


class TrainingSession:
    """Updates, validations and checkpoints; all processes of a group run the same course.

    The leading process alone writes files, reports, and watches the clock and the keyboard.
    """

    def __init__(
        self,
        run: RunDirectory,
        plan: TrainingPlan,
        model: MoleculeVAE,
        data: TrainingData,
        group: ProcessGroup,
        report: ProgressReport,
    ) -> None:
        self.run = run
        self.plan = plan
        self.config = plan.train
        self.model = model
        self.data = data
        self.group = group
        self.report = report
        self.loop = TrainingLoop(
            model.network, data.corpus, data.training, plan.train, group, _dtype(plan)
        )
        self.state = TrainingState(data=data.corpus.digest)
        self.last_validation: HeldOut | None = None
        self._began = self._checkpointed = time.monotonic()
        self._interrupt = Interrupt()
        self._good = self._snapshot()

    def restore(self) -> None:
        """Take up the run's checkpoint, if it has one."""
        if not self.run.checkpoint.exists():
            return
        self.state = read_checkpoint(self.run.checkpoint, self.model.network, self.loop.optimizer)
        if self.state.data not in (None, self.data.corpus.digest):
            raise RunError(
                f"{str(self.plan.data)!r} holds other molecules than when {str(self.run.path)!r} "
                "was trained on it; restore that file, or start anew from the model (`start`)"
            )
        self.loop.step_scale = self.state.step_scale
        self._good = self._snapshot()

    def complete(self) -> StopReason:
        """Train until there is a reason to stop; both models and the checkpoint are written."""
        self._checkpointed = time.monotonic()
        self._began = self._checkpointed - self.state.seconds
        share = self.state.step / self.loop.steps_per_epoch
        n = len(self.data.training)
        if self.group.is_main:
            in_all = None if self.config.max_minutes else self.config.epochs * n
            self.report.begin(in_all, int(share * n), self.state.step)
        with self._interrupt.catch_signals(self.group.is_main):
            reason, step = StopReason.NO_IMPROVEMENT, None
            if not self._is_stale:
                reason, step = self._train(self._time_share(self.state.seconds))
        validation = self._settle(reason, step)
        if self.group.is_main:
            self._write_models(validation)
        self.group.barrier()
        return reason

    def _settle(self, reason: StopReason, step: Step | None) -> HeldOut:
        """See that there is a checkpoint, and a validation of the last weights: this one."""
        # An interrupt leaves no trace in the state: resumed, it is as if it had not been.
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

    def _write_models(self, validation: HeldOut) -> None:
        """The last one, and the best one where there is none yet, or none any more."""
        self._describe(validation)
        self.model.save_pretrained(self.run.last_model)
        if self.state.best_loss is None or not self.run.best_model.is_dir():
            self.model.save_pretrained(self.run.best_model)

    @property
    def seconds(self) -> float:
        """Time spent training, over all sittings."""
        return time.monotonic() - self._began

    def _train(self, time_share: float) -> tuple[StopReason, Step | None]:
        step = None
        for step in self.loop.steps(self.state.step, time_share, self._pace):
            self.last_validation = None
            self.state = self.state.model_copy(update={"step": step.number})
            if not step.is_finite:
                self._roll_back(step, "the gradient was not finite")
                continue
            if self.group.is_main:
                self.report.step(step)
            if step.number % self._steps_between_validations == 0:
                self._validate(step)
                if self._is_stale:
                    return StopReason.NO_IMPROVEMENT, step
            if (reason := self._reason_after(step)) is not None:
                return reason, step
            if time.monotonic() - self._checkpointed > 60 * self.config.checkpoint_minutes:
                self._checkpoint()
        return StopReason.OUT_OF_TIME if time_share >= 1.0 else StopReason.ALL_EPOCHS, step

    @property
    def _is_stale(self) -> bool:
        """Whether so many validations were in vain that more is; so it is too when resumed then."""
        return 0 < self.config.patience <= self.state.bad_validations

    def _reason_after(self, step: Step) -> StopReason | None:
        """Why to end after this update; the same in every process of the process group."""
        if step.time_is_up:
            return StopReason.OUT_OF_TIME
        is_asked = step.stop_asked and step.number < self.loop.total_steps
        return StopReason.INTERRUPTED if is_asked else None

    @property
    def _steps_between_validations(self) -> int:
        usual = min(self.loop.steps_per_epoch, _MOST_STEPS_BETWEEN_VALIDATIONS)
        return self.config.validate_every or usual

    def _pace(self) -> tuple[float, bool]:
        """Share of the time that is used up, and whether to end now."""
        share = self._time_share(self.seconds)
        return share, share >= 1.0 or self._interrupt.is_requested

    def _time_share(self, seconds: float) -> float:
        minutes = self.config.max_minutes
        return min(1.0, seconds / (60 * minutes)) if minutes else 0.0

    def _validate(self, step: Step) -> None:
        """Measure; keep the weights if they are the best so far, or leave them if they are NaN."""
        validation = self.measure()
        if not validation.is_finite:
            self._roll_back(step, _NOT_FINITE)
            return
        loss = validation.loss(self.config.beta)
        self.last_validation = validation
        self._good = self._snapshot()
        # Until beta has its full value, later weights are better whatever the loss says. It may
        # fall again where a resumed training is given more time.
        state = self.state
        counts = state.best_is_after_warmup or step.progress >= self.config.beta_warmup
        best, mark = state.best_loss, state.reference_loss
        is_best = best is None or not counts or loss < best
        is_worthwhile = mark is None or not counts or loss < mark - _WORTHWHILE * abs(mark)
        self.state = state.model_copy(
            update={
                "best_loss": loss if is_best else best,
                "best_is_after_warmup": counts,
                "reference_loss": loss if is_worthwhile else mark,
                "bad_validations": 0 if is_worthwhile else state.bad_validations + 1,
            }
        )
        if not self.group.is_main:
            return
        epoch = step.number / self.loop.steps_per_epoch
        self.report.validation(step, epoch, validation, self.seconds)
        # Before the first updates of full size nothing has been learned that could collapse.
        is_warm = counts and step.number > self.config.warmup_steps
        advice = validation.collapse() if is_warm else None
        if advice:
            self.report.say(advice)
        if is_best:
            self._describe(validation)
            self.model.save_pretrained(self.run.best_model)
        self._checkpoint()

    def measure(self) -> HeldOut:
        """Figures of the present weights on the held-out molecules."""
        self.model.network.eval()
        data, seed = self.data, self.config.seed
        return validate(self.model, data.corpus, data.held_out, seed, self.group)

    def _roll_back(self, step: Step, why: str) -> None:
        """Take the last good weights again and go on with half the learning rate."""
        rollbacks = self.state.rollbacks + 1
        if rollbacks > _MOST_ROLLBACKS:
            raise TrainingError(
                f"{why} at update {step.number}, after {_MOST_ROLLBACKS} returns to good weights; "
                "start again with a smaller `learning_rate` or `precision=float32`"
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
                f"{why} at update {step.number}: back to the last good weights, learning rate "
                f"x {self.loop.step_scale:g} from here"
            )
        # The one that lies there may hold what has just been given up.
        self._checkpoint()

    # Any: an optimizer's state is torch's affair.
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
                self.run.checkpoint, self.state, self.model.network, self.loop.optimizer
            )

    def _describe(self, validation: HeldOut) -> None:
        """Put on the model's card what it was trained on and what was measured."""
        card = {
            "data": self.plan.data.name,
            "cleaning": self.plan.corpus.standardize.model_dump(mode="json"),
            "max_symbols": self.plan.corpus.max_symbols,
            "molecules": len(self.data.training),
            "held_out_seed": self.model.card.held_out_seed(self.config.seed),
            "updates": self.state.step,
            "minutes": round(self.seconds / 60, 2),
            "validation": validation.to_json(),
            "provenance": provenance(self.config.seed),
        }
        self.model.card = ModelCard(card)


def _dtype(plan: TrainingPlan) -> torch.dtype:
    return torch.bfloat16 if plan.train.precision == "bfloat16" else torch.float32
