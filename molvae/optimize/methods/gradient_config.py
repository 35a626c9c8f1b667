"""Settings of gradient ascent, importable without NumPy."""

from typing import TYPE_CHECKING

from pydantic import PositiveFloat, PositiveInt

from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy


class GradientConfig(Settings):
    """Settings of gradient ascent on the property head's predictions."""

    steps: PositiveInt = 10
    """Adam steps between two latent vectors of an ascent that are decoded and scored."""
    stops: PositiveInt = 5
    """Latent vectors of an ascent that are decoded and scored before a new ascent starts."""
    learning_rate: PositiveFloat = 0.05
    """Learning rate of Adam, in standard deviations of the prior."""
    shell: PositiveFloat = 0.01
    """Weight of the penalty that keeps latent vectors as close to the origin as prior samples."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """Gradient ascent at its start.

        Raises:
            ConfigError: the model does not predict the objective's properties.
        """
        from molvae.optimize.methods.gradient_ascent import GradientAscent
        from molvae.optimize.methods.predicted_score import PredictedScore

        score = PredictedScore.of(context.model, context.objective)
        return GradientAscent(context.model, score, context.prior, self, context.seed)
