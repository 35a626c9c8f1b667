"""The start of a training: cleaned and split data, and a model that fits them."""

import shutil
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64

from molvae.chem.notation import remove_stereo
from molvae.dataset.conditions import add_conditions
from molvae.dataset.corpus import Corpus, split
from molvae.dataset.data_files import describe_files
from molvae.dataset.preparation import prepare_corpus
from molvae.dataset.views import FEATURES
from molvae.errors import ConfigError, DataError
from molvae.model.device import pick_device
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory
from molvae.training.config import TrainingPlan
from molvae.training.progress import Notify

_MAX_HELD_OUT_SHARE = 0.1
_MAX_DEVIATIONS = 1e6
"""Distance from the mean, in standard deviations, beyond which a property value is an error."""


@dataclass(frozen=True)
class TrainingData:
    """The molecules of a training, and which of them are held out."""

    corpus: Corpus
    training: Int64[np.ndarray, " chosen"]
    held_out: Int64[np.ndarray, " held_out"]


@dataclass(frozen=True)
class Start:
    """A model before its training, and the data in its vocabulary."""

    model: MoleculeVAE
    data: TrainingData


def prepare_data(
    run: RunDirectory, plan: TrainingPlan, notify: Notify, *, progress: bool
) -> Corpus:
    """The cleaned data; the refused rows are written to the run directory.

    Raises:
        DataError: there are fewer than two molecules, or the file cannot be read.
    """
    corpus = prepare_corpus(
        plan.data_files, plan.corpus, plan.store, scheduler=plan.scheduler, progress=progress
    )
    shutil.copyfile(corpus.refusals_file, run.refused_rows)
    if len(corpus) < 2:
        raise DataError(
            f"{describe_files(plan.data_files)} holds {len(corpus)} molecule; training needs 2 or "
            "more"
        )
    notify(corpus.summary())
    if plan.train.needs_views:
        corpus.add_views(progress=progress)
    if plan.model.condition_on:
        add_conditions(corpus, plan.model.condition_on, progress=progress)
    return corpus


def prepare_start(plan: TrainingPlan, corpus: Corpus, notify: Notify | None = None) -> Start:
    """The model before its training, and the data split into training and held-out molecules.

    Raises:
        DataError: the model and the data do not fit, or a property has no usable values.
        ConfigError: the settings do not fit the start model.
    """
    model, has_new_head = build_model(plan, corpus, notify)
    corpus = corpus.recode(model.vocabulary)
    if plan.train.needs_views:
        corpus = corpus.add_views()
    if model.condition_names:
        corpus = add_conditions(corpus, model.condition_names)
    if plan.train.fingerprint_weight:
        model.network.add_fingerprint_head(FEATURES)
    training, held_out = split_data(plan, corpus, model)
    if has_new_head:
        _scale_head(model, corpus, training)
    _fit_conditions(model, corpus, training)
    _check_outliers(model, corpus)
    return Start(model, TrainingData(corpus, training, held_out))


def split_data(
    plan: TrainingPlan, corpus: Corpus, model: MoleculeVAE
) -> tuple[Int64[np.ndarray, " chosen"], Int64[np.ndarray, " held_out"]]:
    """Indices of the training molecules and of the held-out ones, the same for a model's life."""
    limit = max(1, int(_MAX_HELD_OUT_SHARE * len(corpus)))
    seed = model.card.held_out_seed(plan.train.seed)
    return split(corpus, min(plan.train.held_out, limit), seed)


def build_model(
    plan: TrainingPlan, corpus: Corpus, notify: Notify | None = None
) -> tuple[MoleculeVAE, bool]:
    """The model before its training, and whether its property head is untrained.

    Raises:
        DataError: only the prior is trained, and the data have symbols that the model lacks.
        ConfigError: only the prior is trained, and the data have other properties.
    """
    symbols = corpus.vocabulary.symbols
    names = corpus.property_names
    if plan.start is None:
        vocabulary = corpus.learn_merges(plan.model.tokens).with_symbols(remove_stereo(symbols))
        fresh = MoleculeVAE.untrained(vocabulary, plan.model, names, plan.train.seed)
        fresh.network.to(pick_device(plan.train.device))
        return fresh, True
    start = MoleculeVAE.from_pretrained(plan.start, plan.train.device)
    if plan.train.only == "prior":
        if plan.model.condition_on != start.condition_names:
            raise ConfigError("`only=prior` adds no conditions; leave out `condition_on` or `only`")
        return _prepare_prior(start, corpus), False
    if notify is not None and start.property_names not in ((), names):
        removed = ", ".join(start.property_names)
        notify(f"the start model's property head is removed, as these have no column: {removed}")
    extended = start.extend(
        (*symbols, *remove_stereo(symbols)), names, plan.train.seed, plan.model.condition_on
    )
    return extended, names != start.property_names


def _prepare_prior(start: MoleculeVAE, corpus: Corpus) -> MoleculeVAE:
    """The start model, of which only the prior is trained: it must know all that the data have."""
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
    # It was fitted to samples of the prior before this training.
    start.network.acceptance = None
    return start


def _scale_head(model: MoleculeVAE, corpus: Corpus, training: Int64[np.ndarray, " chosen"]) -> None:
    """Give the property head the mean and deviation of each property over the training data."""
    head = model.network.head
    if head is None:
        return
    values = np.asarray(corpus.properties)[training].astype(np.float64)
    empty = [
        name
        for name, column in zip(corpus.property_names, values.T, strict=True)
        if np.isnan(column).all()
    ]
    if empty:
        raise DataError(
            f"the property columns {empty} hold no number among the molecules that are trained on; "
            "leave them out"
        )
    deviation = np.nanstd(values, axis=0)
    head.mean.copy_(torch.as_tensor(np.nanmean(values, axis=0)))
    head.deviation.copy_(torch.as_tensor(np.where(deviation > 0, deviation, 1.0)))


def _fit_conditions(
    model: MoleculeVAE, corpus: Corpus, training: Int64[np.ndarray, " chosen"]
) -> None:
    """Fit new conditions to the training data; those of a start model keep their scale.

    Raises:
        DataError: no training molecule has a value of a condition.
    """
    conditions = model.network.conditions
    if conditions is None or corpus.conditions is None or conditions.is_fitted:
        return
    values = corpus.conditions[training]
    if empty := [
        name
        for name, column in zip(model.condition_names, values.T, strict=True)
        if np.isnan(column).all()
    ]:
        raise DataError(
            f"the conditions {empty} have no value for any molecule that is trained on; "
            "leave them out of `condition_on`"
        )
    conditions.fit(torch.as_tensor(values))


def _check_outliers(model: MoleculeVAE, corpus: Corpus) -> None:
    """Refuse property values so far from the mean that they alone would decide what is learned."""
    head = model.network.head
    if head is None or not corpus.property_names:
        return
    mean, deviation = (scale.cpu().double().numpy() for scale in (head.mean, head.deviation))
    values = np.asarray(corpus.properties)
    # The distance of a missing value is NaN, which is above nothing.
    is_far = np.abs(values.astype(np.float64) - mean) > _MAX_DEVIATIONS * deviation
    if is_far.any():
        columns = [
            f"{name!r} holds {column[far][0]:g}"
            for name, column, far in zip(corpus.property_names, values.T, is_far.T, strict=True)
            if far.any()
        ]
        raise DataError(
            f"the property column {', '.join(columns)}, over a million standard deviations from "
            "the mean of the training data; leave such cells empty"
        )
