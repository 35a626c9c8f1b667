"""Settings of the random walk, importable without NumPy."""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy


class RandomWalkConfig(Settings):
    """Settings of the random walk."""

    walkers: PositiveInt = 16
    step: float = Field(default=0.3, gt=0, le=1)
    """Fraction of the prior in a step: near 0 a walker hardly moves, at 1 it resamples."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """The walkers at their start."""
        from molvae.optimize.methods.random_walk import RandomWalk
        from molvae.optimize.strategy import LatentStrategy

        return LatentStrategy(context.model, RandomWalk(context.prior, self, context.seed))
