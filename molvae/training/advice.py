"""Advice on a training in plain words: whether the data suffice, and what the model is good for."""

import math

from molvae.diagnosis.held_out import HeldOut
from molvae.training.config import TrainingPlan

_ENOUGH_MOLECULES = 20_000
_ENOUGH_UPDATES = 5_000
"""Molecules and updates below which a training from random weights is advised against. Set by
hand, and not tuned."""
_USELESS_RECONSTRUCTION = 0.05
_FAITHFUL_RECONSTRUCTION = 0.5
"""As for `ModelCard.is_faithful`."""
_USELESS_PROPERTY_ERROR = 0.95
"""Root mean square error, in standard deviations; always predicting the mean has about 1."""
_MIN_JUDGED = 10
"""Held-out molecules below which their figures say nothing."""


def advise_on_data(plan: TrainingPlan, molecules: int, updates_per_epoch: int) -> list[str]:
    """Advice for a training from random weights on few molecules; empty for any other.

    Args:
        plan: the settings.
        molecules: number of molecules to train on.
        updates_per_epoch: updates in a pass over them.
    """
    if plan.start is not None or molecules >= _ENOUGH_MOLECULES:
        return []
    advice = (
        f"advice: {molecules:,} molecules are few for a model that starts from random weights; "
        "start from a trained model (`start`)"
    )
    updates = plan.train.epochs * updates_per_epoch
    if updates >= _ENOUGH_UPDATES:
        return [advice]
    epochs = math.ceil(_ENOUGH_UPDATES / updates_per_epoch)
    return [
        f"{advice}, or train for `epochs={epochs}` or more: {plan.train.epochs} epochs are "
        f"{updates:,} updates, and some {_ENOUGH_UPDATES:,} are needed"
    ]


def advise_on_model(validation: HeldOut) -> list[str]:
    """Verdicts on a model by its validation, each with what to do; empty for a good model."""
    if validation.molecules < _MIN_JUDGED:
        return []
    verdicts = (
        _judge_reconstruction(validation.exact_reconstruction),
        validation.collapse(),
        _judge_head(validation),
    )
    return [f"advice: {verdict}" for verdict in verdicts if verdict]


def _judge_reconstruction(share: float) -> str | None:
    if share >= _FAITHFUL_RECONSTRUCTION:
        return None
    if share >= _USELESS_RECONSTRUCTION:
        return (
            f"this model reconstructs {share:.0%} of held-out molecules, less than half: searches "
            "and neighbors in its latent space are unreliable; train it longer, or start from a "
            "trained model (`start`)"
        )
    return (
        f"this model is useless for reconstruction and search: it reconstructs {share:.1%} of "
        "held-out molecules; train it longer or on more molecules, or start from a trained model "
        "(`start`)"
    )


def _judge_head(validation: HeldOut) -> str | None:
    if validation.property_error < _USELESS_PROPERTY_ERROR:
        return None
    return (
        "the property head is useless: its predictions are no better than the mean (error of "
        f"{validation.property_error:.2f} standard deviations); train it longer or with more "
        "measured values"
    )
