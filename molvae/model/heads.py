"""Heads: networks that predict something of a molecule from its latent vector."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

_HIDDEN_SIZE = 128


class FingerprintHead(nn.Linear):
    """A linear map from z to log(1 + count) of each substructure.

    Training with it makes distances in the latent space follow the similarity of molecules. It is
    not saved with the model.
    """

    def squared_errors(
        self,
        z: Float[Tensor, "molecule latent"],
        wanted: Float[Tensor, "molecule substructure"],
    ) -> Float[Tensor, " molecule"]:
        """Sum of the squared errors over the substructures."""
        predicted: Tensor = self(z)
        return (predicted.float() - wanted).square().sum(1)


class PropertyHead(nn.Module):
    """Two layers that predict each property, standardized over the training data."""

    def __init__(self, latent_size: int, n_properties: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_size, _HIDDEN_SIZE), nn.SiLU(), nn.Linear(_HIDDEN_SIZE, n_properties)
        )
        # Buffers are saved with the weights, so a saved model predicts in the user's units.
        self.register_buffer("mean", torch.zeros(n_properties))
        self.register_buffer("deviation", torch.ones(n_properties))

    mean: Tensor
    deviation: Tensor

    def forward(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule property"]:
        """Standardized predictions."""
        predictions: Tensor = self.layers(z)
        return predictions.float()

    def standardise(
        self, values: Float[Tensor, "molecule property"]
    ) -> Float[Tensor, "molecule property"]:
        """Values in the user's units as standardized values; NaN stays NaN."""
        return (values - self.mean) / self.deviation

    def predict(self, z: Float[Tensor, "molecule latent"]) -> Float[Tensor, "molecule property"]:
        """Predictions in the user's units."""
        values: Tensor = self(z) * self.deviation + self.mean
        return values
