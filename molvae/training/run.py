"""Train a model in a run directory, or resume a training there."""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from molvae.dataset.corpus import Corpus
from molvae.dataset.preparation import prepare_corpus
from molvae.diagnosis.held_out import HeldOut
from molvae.files import check_room, write_json
from molvae.model.device import pick_device
from molvae.model.network_config import Device
from molvae.model.threads import one_thread
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory
from molvae.training.advice import advise_on_data
from molvae.training.checkpoint import checkpoint_bytes
from molvae.training.config import TrainingPlan
from molvae.training.diagnostics import validate
from molvae.training.likelihoods import keep_likelihoods
from molvae.training.memory import keep_freed_memory
from molvae.training.plan import move_to_device, resolve_plan
from molvae.training.process_group import (
    ProcessGroup,
    check_process_count,
    init_process_group,
    torchrun_rank,
    torchrun_size,
)
from molvae.training.progress import Notify, ProgressReport, TrainingCallback
from molvae.training.resampling import MIN_MOLECULES, resample_prior
from molvae.training.session import Measure, StopReason, TrainingSession
from molvae.training.start import prepare_data, prepare_start

_LOG = logging.getLogger(__name__)

_TRIAL_DRAWS = 256
_FIT_FACTOR = 10.0
"""Time to fit the acceptance to a sample, in times of drawing it: rejected samples, substructures,
and the classifier take the rest."""


@dataclass(frozen=True)
class TrainingResult:
    """Outcome of a training."""

    model: MoleculeVAE
    """The model with the best validation."""
    validation: HeldOut
    """Validation of the last weights."""
    stop: StopReason
    steps: int
    seconds: float
    """Time of the training over all sessions, preparation included."""
    advice: tuple[str, ...] = ()
    """Verdicts on the best model, in words; empty for a good model."""


def train(
    plan: TrainingPlan,
    out: Path | str,
    *,
    notify: Notify | None = None,
    progress: bool = False,
    callback: TrainingCallback | None = None,
) -> TrainingResult:
    """Train a model in a new run directory.

    Args:
        plan: data, model and training settings. Its data may be a DataFrame, Series or list of
            molecules, which is saved as `molecules.csv` in the run directory.
        out: the run directory, which must not exist or be empty.
        notify: called with each line that the user should read; None logs it (logger `molvae`).
        progress: whether to show progress bars.
        callback: called with a `Step` after each update and a `Validation` after each validation;
            an error that it raises ends the training.

    Raises:
        RunError: the run directory is not empty, or another process works on it.
        DataError: the data cannot be used.
        ConfigError: this machine cannot train with these settings.
        TrainingError: the loss stays NaN, or a process of the process group died.

    Example::

        plan = TrainingPlan(data=Path("molecules.csv"))
        result = train(plan, "runs/first", notify=print)
        molecules = result.model.sample(10)
    """
    began = time.monotonic()
    plan = resolve_plan(plan)
    if torchrun_rank() not in (None, 0):
        return _follow(RunDirectory(Path(out)), plan)
    with _new_run(Path(out)) as run:
        plan = plan.with_saved_data(run)
        plan.save(run)
        run.record_provenance(plan.train.seed)
        return _lead(run, plan, notify, progress=progress, began=began, callback=callback)


def resume(
    out: Path | str,
    *,
    max_minutes: float | None = None,
    device: Device | None = None,
    processes: int | None = None,
    notify: Notify | None = None,
    progress: bool = False,
    callback: TrainingCallback | None = None,
) -> TrainingResult:
    """Continue a training from its last checkpoint.

    Args:
        out: the run directory.
        max_minutes: replaces the plan's; earlier sessions count.
        device: replaces the plan's, as on another machine; auto takes what this machine has.
        processes: replaces the plan's. With another device or number of processes the weights come
            out as good, but not bit for bit the same.
        notify: called with each line that the user should read; None logs it (logger `molvae`).
        progress: whether to show progress bars.
        callback: see `train`.

    Raises:
        RunError: there is no such run, another process works on it, its checkpoint is damaged, or
            its data have changed.
        ConfigError: this machine cannot train with these settings.
    """
    began = time.monotonic()
    run = RunDirectory.existing(Path(out))
    plan = move_to_device(TrainingPlan.of_run(run), device, processes or torchrun_size())
    changed = plan.train.with_changes({"max_minutes": max_minutes})
    plan = plan.model_copy(update={"train": changed})
    if torchrun_rank() not in (None, 0):
        return _follow(run, plan)
    with run.lock():
        plan.save(run)
        if not run.provenance.exists():
            # The run was killed between its first two files.
            run.record_provenance(plan.train.seed)
        return _lead(run, plan, notify, progress=progress, began=began, callback=callback)


def train_as_worker(run: RunDirectory, group: ProcessGroup) -> None:
    """Take part in a training that the main process directs."""
    with (
        one_thread(),
        keep_freed_memory(),
        ProgressReport(run, None, bar=False, tensorboard=False) as report,
    ):
        _open_saved_session(run, group, report).run()


def open_session(
    run: RunDirectory,
    plan: TrainingPlan,
    corpus: Corpus,
    group: ProcessGroup,
    report: ProgressReport,
    measure: Measure = validate,
) -> TrainingSession:
    """A session at the run's last checkpoint, or at the start of the training.

    Raises:
        RunError: the checkpoint is damaged, or the data have changed since.
        DataError: the model and the data do not fit, or a property has no usable values.
        ConfigError: the settings do not fit the start model.
    """
    is_resumed = run.checkpoint.exists()
    if is_resumed and plan.start is not None and run.best_model.is_dir():
        # The run's own model has the same symbols, properties and held-out molecules; the start
        # model may no longer exist.
        plan = plan.model_copy(update={"start": run.best_model})
    start = prepare_start(plan, corpus, None if is_resumed else report.say)
    session = TrainingSession(run, plan, start, group, report, measure)
    session.restore()
    return session


def summarize(session: TrainingSession, stop: StopReason) -> TrainingResult:
    """The result of a session that has ended."""
    model = MoleculeVAE.from_pretrained(session.run_directory.best_model, session.config.device)
    return TrainingResult(
        model=model,
        validation=session.last_validation or session.measure(),
        stop=stop,
        steps=session.state.step,
        seconds=session.seconds,
        advice=tuple(model.card.get("advice", ())),
    )


@contextmanager
def _new_run(out: Path) -> Iterator[RunDirectory]:
    """A new run directory, which is removed if the training fails before it has saved a model."""
    run = RunDirectory.create(out)
    with run.lock():
        # Another process may have started a run there a moment ago.
        RunDirectory.create(out)
        try:
            yield run
        # Whatever was raised, MemoryError included.
        except Exception:
            if not (run.checkpoint.exists() or run.best_model.exists()):
                shutil.rmtree(out, ignore_errors=True)
            raise


def _lead(
    run: RunDirectory,
    plan: TrainingPlan,
    notify: Notify | None,
    *,
    progress: bool,
    began: float,
    callback: TrainingCallback | None,
) -> TrainingResult:
    """Train as the main process."""
    say = notify or _LOG.info
    _check_processes(plan)
    corpus = prepare_data(run, plan, say, progress=progress)
    with (
        # Without `notify`, a stopped process is logged as a warning.
        _train_together(run, plan, notify) as group,
        ProgressReport(
            run, say, bar=progress, tensorboard=plan.train.tensorboard, callback=callback
        ) as report,
    ):
        # The other processes wait until the plan and the data are saved.
        group.barrier()
        session = open_session(run, plan, corpus, group, report)
        # Two models and two checkpoints, each written before its predecessor is removed.
        checkpoints = 2 if run.checkpoint.exists() else 3
        check_room(run.path, checkpoints * checkpoint_bytes(session.model.network))
        # An earlier session's summary: this session has not ended.
        run.summary.unlink(missing_ok=True)
        if not session.state.step:
            molecules = len(session.data.training)
            for line in advise_on_data(session.plan, molecules, session.loop.steps_per_epoch):
                say(line)
        stop = session.run(time.monotonic() - began)
        result = summarize(session, stop)
        _write_summary(session, result)
    if stop is StopReason.INTERRUPTED:
        return result
    for line in result.advice:
        say(line)
    data = session.data
    held_out = [data.corpus.selfies(int(index)) for index in data.held_out]
    if keep_likelihoods(result.model, held_out):
        result.model.save_pretrained(run.best_model)
    if _wants_acceptance(plan, result.model):
        _fit_acceptance(session, result.model, say, progress=progress)
    return result


def _follow(run: RunDirectory, plan: TrainingPlan) -> TrainingResult:
    """Train as a process that torchrun started beside the main process."""
    _check_processes(plan)
    with (
        _train_together(run, plan, None) as group,
        ProgressReport(run, None, bar=False, tensorboard=False) as report,
    ):
        session = _open_saved_session(run, group, report)
        return summarize(session, session.run())


def _check_processes(plan: TrainingPlan) -> None:
    check_process_count(_process_count(plan), pick_device(plan.train.device))


def _process_count(plan: TrainingPlan) -> int:
    return torchrun_size() or plan.train.processes or 1


@contextmanager
def _train_together(
    run: RunDirectory, plan: TrainingPlan, notify: Notify | None
) -> Iterator[ProcessGroup]:
    """The process group, once the data are clean, on one thread per process."""
    device = pick_device(plan.train.device)
    with (
        init_process_group(_process_count(plan), run, device, notify) as group,
        one_thread(),
        keep_freed_memory(),
    ):
        yield group


def _open_saved_session(
    run: RunDirectory, group: ProcessGroup, report: ProgressReport
) -> TrainingSession:
    """A session by the plan and the data that the main process has saved."""
    # Processes that torchrun started come here before the main process has cleaned the data. The
    # device and the precision that it chose for its machine hold for all.
    group.barrier()
    plan = TrainingPlan.of_run(run)
    return open_session(
        run, plan, prepare_corpus(plan.data_files, plan.corpus, plan.store), group, report
    )


def _write_summary(session: TrainingSession, result: TrainingResult) -> None:
    write_json(
        session.run_directory.summary,
        {
            "stop": result.stop,
            "updates": result.steps,
            "minutes": round(result.seconds / 60, 2),
            "training_molecules": len(session.data.training),
            "best": result.model.card["validation"],
            "last": result.validation.to_json(),
            "advice": result.advice,
        },
    )


def _wants_acceptance(plan: TrainingPlan, model: MoleculeVAE) -> bool:
    """Whether the learned prior is to be resampled, and is not yet."""
    network = model.network
    return (
        plan.train.acceptance_draws > 0
        and model.card.is_faithful
        and network.has_prior
        and network.acceptance is None
    )


def _fit_acceptance(
    session: TrainingSession, model: MoleculeVAE, notify: Notify, *, progress: bool
) -> None:
    """Resample the best model's learned prior, if the time limit leaves time for it."""
    data, config = session.data, session.config
    draws = config.acceptance_draws
    if session.seconds_left is not None:
        began = time.monotonic()
        model.write(_TRIAL_DRAWS, np.random.default_rng(config.seed), prior="push-forward")
        seconds_per_draw = (time.monotonic() - began) / _TRIAL_DRAWS
        draws = min(draws, int(session.seconds_left / (_FIT_FACTOR * seconds_per_draw)))
    if draws < MIN_MOLECULES <= min(config.acceptance_draws, len(data.training)):
        notify(
            "advice: no time was left to fit the acceptance, with which samples are closer to the "
            "data; allow more `max_minutes`, or fewer `epochs`"
        )
        return
    resampling = resample_prior(
        model, data.corpus, data.training, draws, config.seed, notify=notify, progress=progress
    )
    if resampling is not None:
        model.save_pretrained(session.run_directory.best_model)
