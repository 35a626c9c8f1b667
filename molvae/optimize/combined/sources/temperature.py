"""Decoding temperatures of the latent sources."""

import numpy as np

_TEMPERATURES = (0.0, 0.5, 1.0)


def sample_temperature(generator: np.random.Generator) -> float:
    """Decoding temperature of a source for one generation."""
    return float(generator.choice(_TEMPERATURES))
