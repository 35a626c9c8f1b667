"""Settings of TuRBO, importable without NumPy."""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy


class TurboConfig(Settings):
    """Settings of TuRBO."""

    first_sample: int = Field(default=64, ge=2)
    """Prior samples scored before each start."""
    window: int = Field(default=500, ge=4)
    """Latent vectors in the Gaussian process: half of them the best, half the latest."""
    candidates: PositiveInt = 1_000
    """Latent vectors of the trust region among which each posterior sample chooses."""
    fit_steps: PositiveInt = 50
    """Adam steps on the marginal likelihood for each fit."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """TuRBO at its start.

        Raises:
            MissingExtraError: BoTorch is not installed.
        """
        from molvae.optimize.methods.turbo import Turbo
        from molvae.optimize.strategy import LatentStrategy

        optimizer = Turbo(context.prior, self, context.seed)
        return LatentStrategy(context.model, optimizer, self.first_sample)
