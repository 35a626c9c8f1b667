"""GenerateConfig: how many molecules, drawn how, and what they must be like. Needs no torch."""

from typing import Annotated

from pydantic import Field, PositiveInt

from molvae.model.decoding_config import DecodingConfig, PriorName
from molvae.settings import Settings


class GenerateConfig(Settings):
    """How many molecules, drawn how, and what they must be like."""

    n: PositiveInt = 1_000
    prior: PriorName | None = None
    """Where codes come from; None means the learned prior if the model has one, else N(0, I)."""
    decoding: DecodingConfig = DecodingConfig()
    exact: bool | None = None
    """Draw again where a molecule made up is not given back by its code, or where that code is not
    the molecule's own, but one of an unusual spelling; None means to do so with a model that gives
    back half or more of the molecules held out of its training. Points of N(0, I) are made for no
    molecule: there it does not go."""
    strict: bool | None = None
    """Refuse spellings that SELFIES repairs (an unused tail, a dropped bond or ring); None means
    the same."""
    radicals: bool | None = None
    """Let molecules with unpaired electrons pass; None means if the cleaning of the model's
    training data did."""
    where: str | None = None
    """Conditions on properties, such as `qed > 0.6 and weight < 400`."""
    keep: tuple[str, ...] = ()
    """SMARTS that must all match."""
    avoid: tuple[str, ...] = ()
    """SMARTS of which none may match."""
    properties: tuple[str, ...] = ("logp", "qed", "sa", "weight")
    """Properties in the output."""
    most_draws: Annotated[float, Field(ge=1.0)] = 100.0
    """Draws for each molecule asked for, after which generation gives up."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    workers: PositiveInt | None = None
    """Processes that check structures and describe draws; None means one per core, or none beside
    this one for up to 2,000 molecules."""
