"""Weights of a model: a safetensors file whose header is checked before any tensor is read."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from molvae.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of each weight by its name."""

_MAX_HEADER_BYTES = 1 << 20
"""Some 10,000 tensors; a model has about 30."""
_TYPES = frozenset({"F16", "BF16", "F32", "F64"})
_LISTED = 5
"""Problems that a message lists."""


def shapes_of(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shape of each weight, which may lie on the meta device."""
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def check_shapes(shapes: Shapes, expected: Shapes, source: str) -> None:
    """Check that weights have the expected names and shapes.

    Raises:
        ModelError: a tensor is missing, unexpected, or of another shape; the first few are named.
    """
    problems = [f"{name} is missing" for name in expected.keys() - shapes.keys()]
    problems += [f"{name} is not part of this network" for name in shapes.keys() - expected.keys()]
    problems += [
        f"{name} has shape {list(shapes[name])}, expected {list(expected[name])}"
        for name in expected.keys() & shapes.keys()
        if shapes[name] != expected[name]
    ]
    if problems:
        raise ModelError(f"the weights of {source} do not fit: {_listing(problems, '; ')}")


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load the weights into the network.

    Raises:
        ModelError: a tensor is missing, unexpected, or of another shape; the first few are named.
    """
    expected = network.state_dict()
    check_shapes(shapes_of(weights), shapes_of(expected), source)
    network.load_state_dict({name: weights[name].to(torch.float32) for name in expected})


def check_header(path: Path, expected: Shapes | None) -> None:
    """Check the header of a safetensors file against the file's size and the expected weights.

    Args:
        path: a regular file.
        expected: the weights that the model needs; None compares none.

    Raises:
        ModelError: the header is too long, does not describe the file, or names other weights,
            other shapes, or types that weights do not have.
    """
    try:
        with path.open("rb") as stream:
            n_bytes = int.from_bytes(stream.read(8), "little")
        if n_bytes > _MAX_HEADER_BYTES:
            raise ValueError(f"its header claims to have {n_bytes} bytes")
        # Opening compares the header with the size of the file, and maps the file unread.
        with safe_open(path, framework="numpy") as stored:
            entries = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118
            shapes = {name: tuple(entry.get_shape()) for name, entry in entries.items()}
            types = {name: entry.get_dtype() for name, entry in entries.items()}
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise _not_safetensors(path, error) from None
    if foreign := [f"{name} is {kind}" for name, kind in types.items() if kind not in _TYPES]:
        raise ModelError(
            f"{str(path)!r} holds tensors of types that no weights have "
            f"({_listing(foreign, ', ')}); it is damaged or foreign"
        )
    if expected is not None:
        check_shapes(shapes, expected, repr(str(path)))


def read_tensors(path: Path, content: bytes) -> Mapping[str, Tensor]:
    """The tensors in the content of a safetensors file.

    Raises:
        ModelError: it is another kind of file, or a weight is NaN or infinite.
    """
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise _not_safetensors(path, error) from None
    bad = [
        name
        for name, tensor in tensors.items()
        if not bool(torch.isfinite(tensor.to(torch.float32)).all())
    ]
    if bad:
        raise ModelError(
            f"{str(path)!r} holds NaN or infinite weights ({_listing(bad, ', ')}); "
            "use the model of an earlier training step"
        )
    return tensors


def _not_safetensors(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{str(path)!r} is not a safetensors file: {error}")


def _listing(problems: Iterable[str], separator: str) -> str:
    """The first few problems in alphabetical order, and the number of the others."""
    texts = sorted(text[:200] for text in problems)
    more = [f"and {len(texts) - _LISTED:,} more"] if len(texts) > _LISTED else []
    return separator.join([*texts[:_LISTED], *more])
