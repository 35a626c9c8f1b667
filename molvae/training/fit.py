"""From a plan to a trained model: a run directory, the data, a group of processes, a session."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from molvae.chem.notation import remove_stereo
from molvae.dataset.corpus import Corpus, prepare_corpus, split
from molvae.dataset.corpus_config import CorpusConfig
from molvae.diagnosis.held_out import HeldOut
from molvae.errors import ConfigError, DataError
from molvae.files import check_room, write_json
from molvae.model.network import pick_device
from molvae.model.network_config import Device
from molvae.model.threads import one_thread
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import find_model
from molvae.runs import RunDirectory
from molvae.training.checkpoint import checkpoint_bytes
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.memory import freed_memory_kept
from molvae.training.precision import pick_precision
from molvae.training.process_group import (
    ProcessGroup,
    check_process_count,
    default_process_count,
    init_process_group,
    torchrun_rank,
    torchrun_size,
)
from molvae.training.progress import Notify, ProgressReport
from molvae.training.resampling import resample_prior
from molvae.training.session import StopReason, TrainingData, TrainingSession

_LOG = logging.getLogger(__name__)

_LARGEST_HELD_OUT_SHARE = 0.1
_FARTHEST = 1e6
"""Deviations from the mean, beyond which a property is no measured value but a slip."""


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to."""

    model: MoleculeVAE
    """The one with the best validation."""
    validation: HeldOut
    """Of the last weights."""
    stop: StopReason
    steps: int
    seconds: float
    """Of training, over all sittings."""


def train(
    plan: TrainingPlan, out: Path | str, *, notify: Notify | None = None, progress: bool = False
) -> TrainingResult:
    """Train a model into a new run directory.

    Args:
        plan: data, model and training settings.
        out: the run directory, which must not exist or be empty.
        notify: called with each line that the user should read; None logs it (logger `molvae`).
        progress: whether to show progress bars.

    Raises:
        RunError: the run directory is in the way, or another process works on it.
        DataError: the data cannot be used.
        ConfigError: this machine cannot train so.
        TrainingError: the loss stays NaN, or a process of the process group died.
    """
    plan = _settled(plan)
    if torchrun_rank() not in (None, 0):
        return _train(RunDirectory(Path(out)), plan, notify, progress)
    with _new_run(Path(out)) as run:
        plan.save(run)
        run.record_provenance(plan.train.seed)
        return _train(run, plan, notify, progress)


def resume(
    out: Path | str,
    *,
    max_minutes: float | None = None,
    device: Device | None = None,
    processes: int | None = None,
    notify: Notify | None = None,
    progress: bool = False,
) -> TrainingResult:
    """Go on with a training where its last checkpoint stands.

    Args:
        out: the run directory.
        max_minutes: replaces the plan's; earlier sittings count.
        device: replaces the plan's, as on another machine; auto is what this one has.
        processes: replaces the plan's. On another device, or among others, the weights come out as
            good, and not bit for bit the same.
        notify: called with each line that the user should read; None logs it (logger `molvae`).
        progress: whether to show progress bars.

    Raises:
        RunError: there is no such run, another process works on it, its checkpoint is damaged, or
            its data are others now.
        ConfigError: this machine cannot train so.
    """
    run = RunDirectory.existing(Path(out))
    plan = _moved(TrainingPlan.of_run(run), device, processes or torchrun_size())
    changed = plan.train.with_changes({"max_minutes": max_minutes})
    plan = plan.model_copy(update={"train": changed})
    if torchrun_rank() not in (None, 0):
        return _train(run, plan, notify, progress)
    with run.lock():
        plan.save(run)
        if not run.provenance.exists():
            # The run was killed between its first two files.
            run.record_provenance(plan.train.seed)
        return _train(run, plan, notify, progress)


def train_as_worker(run: RunDirectory, group: ProcessGroup) -> None:
    """Take part in a training that the main process directs."""
    plan = TrainingPlan.of_run(run)
    with (
        one_thread(),
        freed_memory_kept(),
        ProgressReport(run, None, bar=False, tensorboard=False) as report,
    ):
        _session(run, plan, group, report).complete()


@contextmanager
def _new_run(out: Path) -> Iterator[RunDirectory]:
    """A new run directory, which is removed when the training fails before it saved a model."""
    run = RunDirectory.create(out)
    with run.lock():
        # Another process may have begun one there a moment ago.
        RunDirectory.create(out)
        try:
            yield run
        # Whatever came, want of memory included.
        except Exception:
            if not (run.checkpoint.exists() or run.best_model.exists()):
                shutil.rmtree(out, ignore_errors=True)
            raise


def _train(
    run: RunDirectory, plan: TrainingPlan, notify: Notify | None, progress: bool
) -> TrainingResult:
    device = pick_device(plan.train.device)
    size = torchrun_size() or plan.train.processes or 1
    check_process_count(size, device)
    is_main = torchrun_rank() in (None, 0)
    note = notify or _LOG.info
    if is_main:
        _corpus(run, plan, note, progress)
    with (
        init_process_group(size, run, device, notify) as group,
        one_thread(),
        freed_memory_kept(),
        ProgressReport(
            run,
            note if is_main else None,
            bar=progress and is_main,
            tensorboard=plan.train.tensorboard and is_main,
        ) as report,
    ):
        session = _session(run, plan, group, report)
        if is_main:
            _check_room(run, session)
            # Of an earlier sitting: this one has not ended.
            run.summary.unlink(missing_ok=True)
        stop = session.complete()
        result = _result(run, session, stop)
    if is_main and stop is not StopReason.INTERRUPTED:
        _resample(run, plan, result.model, session.data, note, progress=progress)
    return result


def _check_room(run: RunDirectory, session: TrainingSession) -> None:
    """Check that the disk has room for what the training writes.

    Raises:
        FileError: it has not.
    """
    # Two models and two checkpoints, of which each is written before its predecessor is removed.
    checkpoints = 2 if run.checkpoint.exists() else 3
    check_room(run.path, checkpoints * checkpoint_bytes(session.model.network))


def _resample(
    run: RunDirectory,
    plan: TrainingPlan,
    model: MoleculeVAE,
    data: TrainingData,
    notify: Notify | None,
    *,
    progress: bool,
) -> None:
    """Give the best model's learned prior its acceptance, if it has none yet and codes are true."""
    n, network = plan.train.acceptance_draws, model.network
    if not n or not model.card.is_faithful or not network.has_prior or network.acceptance:
        return
    seed = plan.train.seed
    found = resample_prior(
        model, data.corpus, data.training, n, seed, notify=notify, progress=progress
    )
    if found is not None:
        model.save_pretrained(run.best_model)


def _result(run: RunDirectory, session: TrainingSession, stop: StopReason) -> TrainingResult:
    validation = session.last_validation or session.measure()
    result = TrainingResult(
        model=MoleculeVAE.from_pretrained(run.best_model, session.config.device),
        validation=validation,
        stop=stop,
        steps=session.state.step,
        seconds=session.seconds,
    )
    if session.group.is_main:
        write_json(
            run.summary,
            {
                "stop": stop,
                "updates": result.steps,
                "minutes": round(result.seconds / 60, 2),
                "training_molecules": len(session.data.training),
                "best": result.model.card["validation"],
                "last": validation.to_json(),
            },
        )
    return result


def _settled(plan: TrainingPlan) -> TrainingPlan:
    """The plan with all decided that depends on machine, folder and start; a resume repeats it."""
    changes: dict[str, Any] = {
        "data": plan.data.resolve(),
        "store": plan.store and plan.store.resolve(),
        "train": _settled_here(plan.train),
    }
    if plan.start is not None:
        start = find_model(plan.start).resolve()
        changes |= {"start": start, "corpus": _as_for(start, plan.corpus)}
    return plan.model_copy(update=changes)


def _settled_here(config: TrainConfig) -> TrainConfig:
    """The settings with everything decided that depends on the machine."""
    device = pick_device(config.device)
    precision = config.precision
    if precision == "auto":
        with one_thread():
            precision = "bfloat16" if pick_precision(device) == torch.bfloat16 else "float32"
    settled = {
        "device": device.type,
        "precision": precision,
        "processes": torchrun_size() or config.processes or default_process_count(device),
    }
    return config.with_changes(settled)


def _as_for(start: Path, corpus: CorpusConfig) -> CorpusConfig:
    """How data are cleaned for a model that is trained on: as its own were, but for what was given.

    Else its codes would be those of other molecules: of neutral ones, say, where it knows charges.
    """
    card = MoleculeVAE.from_pretrained(start, "cpu").card
    cleaning = corpus.standardize.model_dump(exclude_unset=True)
    longest = corpus.max_symbols if "max_symbols" in corpus.model_fields_set else card.max_symbols
    changes = {"standardize": card.cleaning.with_changes(cleaning), "max_symbols": longest}
    return corpus.model_copy(update=changes)


def _moved(plan: TrainingPlan, device: Device | None, processes: int | None) -> TrainingPlan:
    """The plan on a device that was asked for, with as many processes as were, or as are usual."""
    found = pick_device(device or plan.train.device)
    moved = plan
    if device and found.type != plan.train.device:
        # Another device, another precision and another number of processes that are usual.
        anew = plan.train.model_copy(update={"precision": "auto", "processes": processes})
        settled = _settled_here(anew.with_changes({"device": found.type}))
        moved = plan.model_copy(update={"train": settled})
    elif processes:
        changed = plan.train.with_changes({"processes": processes})
        moved = plan.model_copy(update={"train": changed})
    check_process_count(moved.train.processes or 1, found)
    return moved


def _session(
    run: RunDirectory, plan: TrainingPlan, group: ProcessGroup, report: ProgressReport
) -> TrainingSession:
    # Processes that torchrun started come here before the leading one has cleaned the data. What
    # that one decided for its machine holds for all.
    group.barrier()
    plan = TrainingPlan.of_run(run)
    corpus = prepare_corpus(plan.data, plan.corpus, plan.store)
    begun = run.checkpoint.exists()
    if begun and plan.start is not None and run.best_model.is_dir():
        # The run's own model has the same symbols, properties and held-out molecules; the one that
        # it was begun with may be gone by now.
        plan = plan.model_copy(update={"start": run.best_model})
    model, has_new_head = _model(plan, corpus, None if begun else report)
    corpus = corpus.recode(model.vocabulary)
    most = max(1, int(_LARGEST_HELD_OUT_SHARE * len(corpus)))
    seed = model.card.held_out_seed(plan.train.seed)
    training, held_out = split(corpus, min(plan.train.held_out, most), seed)
    if has_new_head:
        _standardise(model, corpus, training)
    _check_far(model, corpus)
    data = TrainingData(corpus, training, held_out)
    session = TrainingSession(run, plan, model, data, group, report)
    session.restore()
    return session


def _corpus(run: RunDirectory, plan: TrainingPlan, note: Notify, progress: bool) -> Corpus:
    """The cleaned data, its refused rows beside the run."""
    corpus = prepare_corpus(plan.data, plan.corpus, plan.store, progress=progress)
    shutil.copyfile(corpus.refusals_file, run.refused_rows)
    if len(corpus) < 2:
        raise DataError(
            f"{str(plan.data)!r} holds {len(corpus)} molecule; training needs 2 or more"
        )
    note(corpus.summary())
    return corpus


def _model(
    plan: TrainingPlan, corpus: Corpus, report: ProgressReport | None
) -> tuple[MoleculeVAE, bool]:
    """The model before its training, and whether its property head has learned nothing yet."""
    names, seed = corpus.property_names, plan.train.seed
    if plan.start is not None:
        start = MoleculeVAE.from_pretrained(plan.start, plan.train.device)
        if plan.train.only is None:
            if report is not None and start.property_names not in ((), names):
                given_up = ", ".join(start.property_names)
                report.say(f"the property head of the model trained on is given up: {given_up}")
            symbols = corpus.vocabulary.symbols
            extended = start.extended((*symbols, *remove_stereo(symbols)), names, seed)
            return extended, names != start.property_names
        _check_known(start, corpus)
        start.network.acceptance = None
        return start, False
    vocabulary = corpus.learn_merges(plan.model.tokens).extended(
        remove_stereo(corpus.vocabulary.symbols)
    )
    model = MoleculeVAE.untrained(vocabulary, plan.model, names, seed)
    model.network.to(pick_device(plan.train.device))
    return model, True


def _check_known(start: MoleculeVAE, corpus: Corpus) -> None:
    """See that the data ask for nothing that a model does not have whose prior alone is trained."""
    new = [symbol for symbol in corpus.vocabulary.symbols if symbol not in start.vocabulary]
    if new:
        raise DataError(
            f"the model does not know the symbols {', '.join(new)}, and `only=prior` does not "
            "teach it to encode them; leave out `only`, or the molecules that have them"
        )
    if corpus.property_names not in ((), start.property_names):
        raise ConfigError(
            "`only=prior` trains no property head; leave out `property_columns` or `only`"
        )


def _standardise(model: MoleculeVAE, corpus: Corpus, training: np.ndarray) -> None:
    """Tell the property head the mean and deviation of each property over the training part."""
    if model.network.head is None:
        return
    values = np.asarray(corpus.properties)[training].astype(np.float64)
    empty = [
        name
        for name, row in zip(corpus.property_names, values.T, strict=True)
        if np.isnan(row).all()
    ]
    if empty:
        raise DataError(
            f"the property columns {empty} hold no number among the molecules that are trained on; "
            "leave them out"
        )
    deviation = np.nanstd(values, axis=0)
    model.network.head.mean.copy_(torch.as_tensor(np.nanmean(values, axis=0)))
    model.network.head.deviation.copy_(torch.as_tensor(np.where(deviation > 0, deviation, 1.0)))


def _check_far(model: MoleculeVAE, corpus: Corpus) -> None:
    """See that no property value lies so far out that it alone would decide what is learned."""
    head = model.network.head
    if head is None or not corpus.property_names:
        return
    mean, deviation = (one.cpu().double().numpy() for one in (head.mean, head.deviation))
    values = np.asarray(corpus.properties)
    # Without a value the distance is NaN, which is not above anything.
    is_far = np.abs(values.astype(np.float64) - mean) > _FARTHEST * deviation
    if is_far.any():
        found = [
            f"{name!r} holds {column[far][0]:g}"
            for name, column, far in zip(corpus.property_names, values.T, is_far.T, strict=True)
            if far.any()
        ]
        raise DataError(
            f"the property column {', '.join(found)}, over a million deviations from the mean of "
            "those that are trained on; leave such cells empty"
        )
