"""Resolve a training plan: what depends on the machine, the folder and the start model."""

from collections.abc import Callable
from typing import Any

import torch

from molvae.chem.properties import PROPERTIES
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.molecule_table import resolve_data
from molvae.errors import ConfigError
from molvae.model.device import pick_device
from molvae.model.network_config import Device, ModelConfig
from molvae.model.threads import one_thread
from molvae.model_card import ModelCard
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import find_model
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.precision import pick_precision
from molvae.training.process_group import (
    check_process_count,
    default_process_count,
    torchrun_size,
)

_FURTHER_LEARNING_RATE = 1e-3
"""Peak learning rate of a training that starts from a model. Set by hand, and not tuned."""

PickPrecision = Callable[[torch.device], torch.dtype]
"""Chooses the precision of matrix products on a device."""


def resolve_plan(plan: TrainingPlan) -> TrainingPlan:
    """The plan with absolute paths and without `auto`, so that resuming it repeats it.

    Raises:
        ConfigError: this machine does not have the device, or a file is given twice.
        DataError: a pattern matches no file.
        ModelError: the start model is missing or damaged.
    """
    changes: dict[str, Any] = {
        "data": resolve_data(plan.data),
        "store": plan.store and plan.store.resolve(),
        "train": resolve_machine(plan.train),
    }
    if plan.start is not None:
        start = find_model(plan.start).resolve()
        model = MoleculeVAE.from_pretrained(start, "cpu")
        changes |= {
            "start": start,
            "corpus": inherit_cleaning(model.card, plan.corpus),
            "model": inherit_conditions(model, plan.model),
            "train": inherit_training(model.card, changes["train"]),
        }
    plan = plan.model_copy(update=changes)
    corpus = add_condition_columns(plan.corpus, plan.model.condition_on)
    return plan.model_copy(update={"corpus": corpus})


def add_condition_columns(corpus: CorpusConfig, condition_on: tuple[str, ...]) -> CorpusConfig:
    """The settings of the data with a property column for each condition that is not computed.

    The property head learns to predict it, so that generated molecules can be compared with a
    target.
    """
    known = {*corpus.property_columns, *PROPERTIES}
    further = tuple(name for name in condition_on if name not in known)
    if not further:
        return corpus
    return corpus.model_copy(update={"property_columns": (*corpus.property_columns, *further)})


def inherit_conditions(start: MoleculeVAE, config: ModelConfig) -> ModelConfig:
    """The settings of the network with the conditions of the start model, if it has any.

    Raises:
        ConfigError: other conditions are asked for.
    """
    kept = start.condition_names
    if config.condition_on and kept not in ((), config.condition_on):
        raise ConfigError(
            f"the start model is conditioned on {', '.join(kept)}, which further training keeps; "
            "leave out `condition_on`"
        )
    return config.model_copy(update={"condition_on": kept}) if kept else config


def resolve_machine(
    config: TrainConfig, pick_precision: PickPrecision = pick_precision
) -> TrainConfig:
    """The settings with device, precision and number of processes decided.

    Raises:
        ConfigError: this machine does not have the device.
    """
    device = pick_device(config.device)
    precision = config.precision
    if precision == "auto":
        with one_thread():
            precision = "bfloat16" if pick_precision(device) == torch.bfloat16 else "float32"
    return config.with_changes(
        {
            "device": str(device),
            "precision": precision,
            "processes": torchrun_size() or config.processes or default_process_count(device),
        }
    )


def inherit_training(card: ModelCard, config: TrainConfig) -> TrainConfig:
    """The settings, where none was given, that keep what a trained model has learned.

    Beta is the start model's own from the first update on: with a smaller one its latent vectors
    would leave the prior, and with a larger one it would reconstruct less.
    """
    kept = {"beta": card.beta, "beta_warmup": 0.0, "learning_rate": _FURTHER_LEARNING_RATE}
    given = config.model_fields_set
    return config.with_changes({name: kept[name] for name in kept if name not in given})


def inherit_cleaning(card: ModelCard, corpus: CorpusConfig) -> CorpusConfig:
    """The settings of the data, where none was given, as those of the start model's own data.

    Otherwise its latent vectors would be those of other molecules: of neutral ones, for example,
    where it was trained on charged ones.
    """
    cleaning = corpus.standardize.model_dump(exclude_unset=True)
    longest = corpus.max_symbols if "max_symbols" in corpus.model_fields_set else card.max_symbols
    changes = {"standardize": card.cleaning.with_changes(cleaning), "max_symbols": longest}
    return corpus.model_copy(update=changes)


def move_to_device(
    plan: TrainingPlan,
    device: Device | None,
    processes: int | None,
    pick_precision: PickPrecision = pick_precision,
) -> TrainingPlan:
    """The plan for another device or another number of processes.

    Args:
        plan: the plan of an earlier session.
        device: None keeps the plan's.
        processes: None keeps the plan's, or takes the default of another device.
        pick_precision: chooses the precision on another device.

    Raises:
        ConfigError: this machine cannot train so.
    """
    target = pick_device(device or plan.train.device)
    config = plan.train
    if device and target.type != torch.device(config.device).type:
        # Another kind of device has another usual precision and number of processes.
        usual = config.model_copy(update={"precision": "auto", "processes": processes})
        config = resolve_machine(usual.with_changes({"device": str(target)}), pick_precision)
    else:
        config = config.with_changes({"device": device and str(target), "processes": processes})
    check_process_count(config.processes or 1, target)
    return plan.model_copy(update={"train": config})
