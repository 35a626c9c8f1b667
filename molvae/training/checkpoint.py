"""All that resuming a training needs, in one file that is replaced whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat
from safetensors import SafetensorError, safe_open
from torch import Tensor

from molvae.errors import RunError
from molvae.files import write_bytes
from molvae.model.network import SequenceVAE
from molvae.model.weights import load_weights
from molvae.settings import Settings

_STATE, _DIGEST = "state", "sha256"
_WEIGHT, _MOMENT = "weight.", "optimizer."
_EARLIER_NAMES = {
    "counts": "best_is_after_warmup",
    "worthwhile_loss": "reference_loss",
    "stale": "bad_validations",
}
"""Names that earlier checkpoints have for fields of the state."""


class TrainingState(Settings):
    """The progress of a training, without weights and optimizer moments."""

    step: NonNegativeInt = 0
    """Updates made."""
    seconds: NonNegativeFloat = 0.0
    """Training time, over all sessions."""
    step_scale: PositiveFloat = 1.0
    """Factor on the learning rate; halved at each return from NaN or Inf."""
    rollbacks: NonNegativeInt = 0
    """Returns to the last good weights after NaN or Inf."""
    best_loss: float | None = None
    """Lowest validation loss so far; None before the first validation."""
    best_is_after_warmup: bool = False
    """Whether `best_loss` was measured with beta at its full value; only such losses compare."""
    reference_loss: float | None = None
    """Validation loss that the next ones must clearly improve on, for early stopping."""
    bad_validations: NonNegativeInt = 0
    """Validations since the last clear improvement, for early stopping."""
    data: str | None = None
    """Digest of the training and held-out molecules."""


def checkpoint_bytes(network: SequenceVAE) -> int:
    """Approximate size of the checkpoint of a network: its weights and two moments of each."""
    weights: int = sum(weight.numel() for weight in network.state_dict().values())
    return 3 * 4 * weights


def write_checkpoint(
    path: Path, state: TrainingState, network: SequenceVAE, optimizer: torch.optim.Optimizer
) -> None:
    """Replace the checkpoint.

    Raises:
        FileError: it could not be written; the former checkpoint is unchanged.
    """
    tensors = {_WEIGHT + name: weight for name, weight in network.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"{_MOMENT}{index}.{name}": value for name, value in moments.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    state_json = state.model_dump_json()
    metadata = {_STATE: state_json, _DIGEST: _digest(state_json, tensors)}
    write_bytes(path, safetensors.torch.save(tensors, metadata))


def read_checkpoint(
    path: Path, network: SequenceVAE, optimizer: torch.optim.Optimizer
) -> TrainingState:
    """Load a checkpoint into the network and the optimizer.

    Raises:
        RunError: the file is damaged.
        ModelError: it belongs to another network.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        # Checkpoints of earlier versions hold the state alone.
        if metadata.keys() != {_STATE} and metadata[_DIGEST] != _digest(metadata[_STATE], tensors):
            raise ValueError("its content differs from its digest")
        values = json.loads(metadata[_STATE]).items()
        values = {_EARLIER_NAMES.get(name, name): value for name, value in values}
        state = TrainingState.parse(values, str(path))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith(_MOMENT):
                index, _, moment = name.removeprefix(_MOMENT).partition(".")
                moments.setdefault(int(index), {})[moment] = value
    except (SafetensorError, OSError, KeyError, ValueError, AttributeError) as error:
        raise RunError(
            f"{str(path)!r} is damaged ({error}); train the best model further in a new run instead"
        ) from None
    weights = {
        name.removeprefix(_WEIGHT): value
        for name, value in tensors.items()
        if name.startswith(_WEIGHT)
    }
    load_weights(network, weights, repr(str(path)))
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return state


def _digest(state: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the state and of each tensor's name, type, shape and bytes."""
    content = hashlib.sha256(state.encode())
    for name, tensor in sorted(tensors.items()):
        content.update(f"\n{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        content.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return content.hexdigest()
