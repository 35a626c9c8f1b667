"""InterpolateConfig: the path between molecules, and what is shown of it. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field

from molvae.settings import Settings

PathKind = Literal["straight", "spherical"]
"""A straight line, or an arc around the origin, which keeps the distance from it."""


class InterpolateConfig(Settings):
    """The path between molecules, and what is shown of it."""

    steps: Annotated[int, Field(ge=2)] = 32
    """Latent vectors from each molecule to the next, both ends included."""
    path: PathKind = "straight"
    """A straight line, or an arc around the origin of the latent space (spherical)."""
    properties: tuple[str, ...] = ("logp", "qed")
    """Properties in the output."""
