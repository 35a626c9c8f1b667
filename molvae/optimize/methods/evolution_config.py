"""Settings of the genetic algorithm, importable without NumPy."""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveFloat

from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy

SHORTEST, LONGEST = 0.01, 1.0
"""Bounds of the mutation length, in standard deviations of the prior."""


class EvolutionConfig(Settings):
    """Settings of the genetic algorithm."""

    first_sample: int = Field(default=64, ge=2)
    """Prior samples scored before the first children."""
    elites: int = Field(default=32, ge=2)
    """Best latent vectors so far, from which parents are chosen."""
    fresh: float = Field(default=0.1, ge=0, le=1)
    """Fraction of prior samples among later candidates, for diversity."""
    coordinates: float = Field(default=0.5, ge=0, le=1)
    """Fraction of crossovers by coordinate; the others interpolate on the arc between parents."""
    step: float = Field(default=0.3, ge=SHORTEST, le=LONGEST)
    """Initial mutation length, in standard deviations of the prior."""
    adaptation: PositiveFloat = 0.05
    """Rate at which the mutation length follows the success rate."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """The genetic algorithm at its start."""
        from molvae.optimize.methods.evolution import LatentEvolution
        from molvae.optimize.strategy import LatentStrategy

        optimizer = LatentEvolution(context.prior, self, context.seed)
        return LatentStrategy(context.model, optimizer, self.first_sample)
