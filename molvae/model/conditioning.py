"""ConditionFeatures: property values, some of them unknown, as inputs of a decoder."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConditionFeatures(nn.Module):
    """Standardized values of the conditions, and for each whether it is known.

    An unknown value is NaN, and both its features are 0. A value at the mean differs from it by the
    feature that tells that it is known.
    """

    def __init__(self, n_conditions: int) -> None:
        super().__init__()
        # Buffers are saved with the weights, so a saved model takes values in the user's units.
        self.register_buffer("mean", torch.zeros(n_conditions))
        self.register_buffer("deviation", torch.ones(n_conditions))
        self.register_buffer("low", torch.zeros(n_conditions))
        self.register_buffer("high", torch.zeros(n_conditions))

    mean: Tensor
    deviation: Tensor
    low: Tensor
    high: Tensor

    @property
    def size(self) -> int:
        """Number of features."""
        return 2 * len(self.mean)

    def forward(
        self, values: Float[Tensor, "molecule condition"]
    ) -> Float[Tensor, "molecule feature"]:
        """The features of values in the user's units."""
        is_known = ~torch.isnan(values)
        standardized = (values - self.mean) / self.deviation
        standardized = standardized.masked_fill(~is_known, 0.0)
        return torch.cat([standardized, is_known.to(standardized.dtype)], dim=1)

    def unknown(self, n: int) -> Float[Tensor, "molecule condition"]:
        """Values of `n` molecules of which nothing is known."""
        return self.mean.new_full((n, len(self.mean)), torch.nan)

    @property
    def is_fitted(self) -> bool:
        """Whether the range of the values is known."""
        return bool(self.low.any() or self.high.any())

    @torch.no_grad()
    def fit(self, values: Float[Tensor, "molecule condition"]) -> None:
        """Take mean, standard deviation and range from values; each column has a known one."""
        for column, known in enumerate(values.t().double()):
            known = known[~known.isnan()]
            low, high = known.min(), known.max()
            self.mean[column] = known.mean()
            self.deviation[column] = known.std(correction=0) if low < high else 1.0
            self.low[column], self.high[column] = low, high
