"""GenerateConfig: how many molecules, drawn how, and what they must be like. Needs no torch."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from molvae.model.decoding_config import DecodingConfig, PriorName
from molvae.settings import Settings


class GenerateConfig(Settings):
    """How many molecules, how they are sampled, and which are accepted."""

    n: PositiveInt = 1_000
    """Molecules to generate."""
    prior: PriorName | None = None
    """Where latent vectors come from. Default: the learned prior if there is one, else normal."""
    decoding: DecodingConfig = DecodingConfig()
    round_trips: bool = False
    """Accept only molecules that the model reconstructs, written in their canonical SELFIES.

    Their latent vectors decode to them. It takes more samples. Not available with the prior
    `normal`, whose molecules are decoded from latent vectors anyway.
    """
    strict: bool | None = None
    """Reject SELFIES that decode only after repair (unused tail, dropped bond or ring).

    Default: on for models that reconstruct at least half of their held-out molecules.
    """
    radicals: bool | None = None
    """Accept radicals. Default: if the training data may have them."""
    where: str | None = None
    """Conditions on properties, such as "qed > 0.6 and weight < 400"."""
    target: dict[str, float] = Field(default_factory=dict)
    """Target values of properties, such as logp = 3.

    A model that was trained with `condition_on` writes molecules for its conditions. For other
    targets, and with other models, samples near the targets are moved towards them by small graph
    edits and steps in latent space. Only molecules within the tolerance are accepted. A property
    that molvae does not compute must be a condition of the model, or predicted by it.
    """
    tolerance: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Largest deviation of the property from its target.

    Default: a quarter of the standard deviation of the property over the first samples, in one
    digit. Conditions of the model are not checked unless a tolerance is given.
    """
    scaffold: str | None = None
    """SMILES of a structure that every molecule contains.

    The language model adds substituents at its attachment points, as in "[*:1]c1ccncc1"; without
    any, at one to three of its hydrogens. Two fragments with one attachment point each are linked.
    """
    keep: tuple[str, ...] = ()
    """SMARTS patterns that must all match."""
    avoid: tuple[str, ...] = ()
    """SMARTS patterns that must not match."""
    properties: tuple[str, ...] = ("logp", "qed", "sa", "weight")
    """Properties in the output."""
    most_draws: Annotated[float, Field(ge=1.0)] = 100.0
    """Samples per molecule asked for, after which generation gives up."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Random seed."""
    workers: PositiveInt | None = None
    """Processes that check molecules. Default: one per core, or one for 2,000 or fewer."""
