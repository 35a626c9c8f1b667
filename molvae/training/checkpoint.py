"""All that resuming a training needs, in one file that is replaced whole."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat
from safetensors import SafetensorError, safe_open
from torch import Tensor

from molvae.errors import RunError
from molvae.files import write_bytes
from molvae.model.folder import load_weights
from molvae.model.network import SequenceVAE
from molvae.settings import Settings

_STATE = "state"
_WEIGHT, _MOMENT = "weight.", "optimizer."


class TrainingState(Settings):
    """Where a training stands, weights and moments aside."""

    step: NonNegativeInt = 0
    """Updates made."""
    seconds: NonNegativeFloat = 0.0
    """Time spent training, over all sittings."""
    step_scale: PositiveFloat = 1.0
    """Factor on the learning rate; halved at each return from NaN or Inf."""
    rollbacks: NonNegativeInt = 0
    best_loss: float | None = None
    """Least validation loss so far; None before the first."""
    counts: bool = False
    """Whether that is of a time when beta had its full value: then no other is let in any more."""
    worthwhile_loss: float | None = None
    """The one that was last clearly less than the one before it."""
    stale: NonNegativeInt = 0
    """Validations since then, counted for early stopping."""
    data: str | None = None
    """What the training and the held-out molecules are known by."""


def write_checkpoint(
    path: Path, state: TrainingState, network: SequenceVAE, optimizer: torch.optim.Optimizer
) -> None:
    """Replace the checkpoint.

    Raises:
        FileError: it could not be written; the earlier one is still there.
    """
    tensors = {_WEIGHT + name: weight for name, weight in network.state_dict().items()}
    for place, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"{_MOMENT}{place}.{name}": value for name, value in moments.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    metadata = {_STATE: state.model_dump_json()}
    write_bytes(path, safetensors.torch.save(tensors, metadata))


def read_checkpoint(
    path: Path, network: SequenceVAE, optimizer: torch.optim.Optimizer
) -> TrainingState:
    """Give network and optimizer what the checkpoint holds.

    Raises:
        RunError: the file is damaged.
        ModelError: it belongs to another network.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        state = TrainingState.parse(json.loads(metadata[_STATE]), str(path))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise RunError(
            f"{str(path)!r} is damaged ({error}); go on from the best model with --from instead"
        ) from None
    weights = {
        name.removeprefix(_WEIGHT): value
        for name, value in tensors.items()
        if name.startswith(_WEIGHT)
    }
    load_weights(network, weights, repr(str(path)))
    optimizer.load_state_dict(_optimizer_state(tensors, optimizer))
    return state


# Any: the shape of an optimizer's state is torch's affair.
def _optimizer_state(
    tensors: Mapping[str, Tensor], optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(_MOMENT):
            place, _, moment = name.removeprefix(_MOMENT).partition(".")
            state.setdefault(int(place), {})[moment] = value
    return {**optimizer.state_dict(), "state": state}
