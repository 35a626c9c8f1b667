"""Settings of random search, importable without NumPy."""

from typing import TYPE_CHECKING

from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy


class PriorSamplingConfig(Settings):
    """Random search, which has no settings."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """Random search at its start."""
        from molvae.optimize.methods.prior_sampling import PriorSampling
        from molvae.optimize.strategy import LatentStrategy

        return LatentStrategy(context.model, PriorSampling(context.prior, context.seed))
