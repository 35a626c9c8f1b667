"""Settings of CMA-ES, importable without NumPy."""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveFloat, PositiveInt

from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy


class CmaEsConfig(Settings):
    """Settings of CMA-ES."""

    first_sample: PositiveInt = 128
    """Prior samples scored before each start."""
    parents: PositiveInt = 16
    """Best samples whose mean each start begins from."""
    sigma: PositiveFloat = 0.5
    """Initial step length, in standard deviations of a normal prior."""
    population: int = Field(default=32, ge=4)
    """Latent vectors of a generation."""
    full_up_to: PositiveInt = 40
    """Most dimensions for a full covariance matrix; with more it is diagonal."""
    patience: PositiveInt = 10
    """Generations without a better score before a restart."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """CMA-ES at its start."""
        from molvae.optimize.methods.cma_es import CmaEs
        from molvae.optimize.strategy import LatentStrategy

        optimizer = CmaEs(context.prior, self, context.seed)
        return LatentStrategy(context.model, optimizer, self.first_sample)
