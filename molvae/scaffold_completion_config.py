"""CompleteConfig: how many completions of a scaffold, and which are accepted. Needs no torch."""

from typing import Annotated

from pydantic import Field, PositiveInt

from molvae.model.decoding_config import DecodingConfig
from molvae.settings import Settings


class CompleteConfig(Settings):
    """How many completions of a scaffold are made, and which are accepted."""

    n: PositiveInt = 100
    """Molecules to generate."""
    decoding: DecodingConfig = DecodingConfig()
    max_atoms: PositiveInt = 20
    """Largest substituent or linker, in heavy atoms."""
    strict: bool | None = None
    """Reject SELFIES that decode only after repair (unused tail, dropped bond or ring).

    Default: on for models that reconstruct at least half of their held-out molecules.
    """
    radicals: bool | None = None
    """Accept radicals. Default: if the training data may have them."""
    where: str | None = None
    """Conditions on properties, such as "qed > 0.6 and weight < 400"."""
    keep: tuple[str, ...] = ()
    """SMARTS patterns that must all match."""
    avoid: tuple[str, ...] = ()
    """SMARTS patterns that must not match."""
    properties: tuple[str, ...] = ()
    """Properties in the output."""
    most_draws: Annotated[float, Field(ge=1.0)] = 100.0
    """Samples per molecule asked for, after which generation gives up."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Random seed."""
