"""Property head: predicts standardised properties from a point of the latent space."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

_HIDDEN_SIZE = 128


class PropertyHead(nn.Module):
    """Two layers on the latent vector; each property has mean 0 and deviation 1 over the data."""

    def __init__(self, latent_size: int, n_properties: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_size, _HIDDEN_SIZE), nn.SiLU(), nn.Linear(_HIDDEN_SIZE, n_properties)
        )
        # Buffers travel with the weights, so a saved model predicts in the user's own units.
        self.register_buffer("mean", torch.zeros(n_properties))
        self.register_buffer("deviation", torch.ones(n_properties))

    mean: Tensor
    deviation: Tensor

    def forward(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule property"]:
        """Standardised predictions."""
        predictions: Tensor = self.layers(z)
        return predictions.float()

    def standardise(
        self, values: Float[Tensor, "molecule property"]
    ) -> Float[Tensor, "molecule property"]:
        """The user's values on the scale that the head predicts on; NaN stays NaN."""
        return (values - self.mean) / self.deviation

    def predict(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule property"]:
        """Predictions in the user's own units."""
        values: Tensor = self(z) * self.deviation + self.mean
        return values
