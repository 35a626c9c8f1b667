"""State of an optimiser: arrays kept to the bit, the rest as JSON, nothing in it that runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from molvae.errors import RunError

# No array has this name: safetensors keeps arrays only, so the JSON travels as one of bytes.
_JSON = ""


@dataclass(frozen=True)
class State:
    """All that an optimiser needs to go on as if it had never stopped."""

    # Any: JSON values of any kind; NaN and infinities are allowed.
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The state as the content of a safetensors file."""
        text = np.frombuffer(json.dumps(dict(self.values)).encode(), dtype=np.uint8)
        arrays = {key: np.ascontiguousarray(value) for key, value in self.arrays.items()}
        return save({**arrays, _JSON: text})

    @classmethod
    def from_bytes(cls, content: bytes) -> "State":
        """The state that was turned into `content`.

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
        return cls(values, arrays)


# Any: numpy describes its generators' states by nested dicts of integers.
def generator_state(generator: np.random.Generator) -> Any:
    """Where a generator stands in its stream, as JSON."""
    return generator.bit_generator.state


def restored_generator(state: Any) -> np.random.Generator:
    """A generator that goes on where the other stood."""
    generator = np.random.default_rng(0)
    generator.bit_generator.state = state
    return generator
