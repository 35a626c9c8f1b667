"""State of a method of search: arrays bit for bit, everything else as JSON, nothing executable."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from molvae.errors import RunError

# No array has this name: safetensors stores arrays only, so the JSON is stored as bytes.
_JSON = ""


@dataclass(frozen=True)
class State:
    """Everything that a method needs to continue as if it had never stopped."""

    # Any: JSON values of any kind; NaN and infinities are allowed.
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    version: int | None = None
    """Number that changes with the arrays, so that equal arrays need not be written twice.

    None: the arrays may have changed.
    """

    def to_bytes(self) -> bytes:
        """Content of a safetensors file."""
        text = np.frombuffer(json.dumps(dict(self.values)).encode(), dtype=np.uint8)
        arrays = {key: np.ascontiguousarray(value) for key, value in self.arrays.items()}
        return save({**arrays, _JSON: text})

    @classmethod
    def from_bytes(cls, content: bytes) -> "State":
        """The state that `to_bytes` turned into `content`.

        Raises:
            RunError: the bytes are damaged.
        """
        try:
            arrays = {key: value.copy() for key, value in load(content).items()}
            values = json.loads(arrays.pop(_JSON).tobytes())
        except (SafetensorError, KeyError, ValueError) as error:
            raise RunError(
                f"the saved state of the search is damaged ({error}); start a new run"
            ) from None
        if not isinstance(values, dict):
            raise RunError("the saved state of the search is damaged; start a new run")
        return cls(values, arrays)


# Any: numpy describes its generators' states by nested dicts of integers.
def generator_state(generator: np.random.Generator) -> Any:
    """Position of a generator in its stream, as JSON."""
    return generator.bit_generator.state


# Any: as above.
def restore_generator(state: Any) -> np.random.Generator:
    """A generator that continues from that position."""
    generator = np.random.default_rng(0)
    generator.bit_generator.state = state
    return generator
