"""Decoding radius: distance from a code at which other molecules begin."""

import numpy as np

from molvae.model_card import weights_digest
from molvae.molecule_vae import MoleculeVAE

_MOLECULES = 256
"""With fewer, the error of the fraction that differs exceeds a step of the scale."""
_SCALES: tuple[float, ...] = tuple(2.0 ** (half / 2) for half in range(-2, 7))
"""0.5 to 8 posterior standard deviations, in steps of the root of two."""
_CHANGED = 0.5
_radii: dict[str, float] = {}
"""By the digest of the weights: measuring takes seconds, and benchmarks search by the hundred."""


def decoding_radius(model: MoleculeVAE) -> float:
    """Posterior standard deviations at which half of the latent vectors decode to something else.

    The better an autoencoder, the narrower its posteriors and the larger the region around a code
    that decodes to the same molecule: a standard deviation is far in some models and near in
    others. Measured on molecules that the model generates, once for the same weights.

    Returns:
        One of the scales tried, 0.5 to 8; 1 for a model that generates nothing.
    """
    weights = weights_digest(model.vocabulary, model.network)
    if weights not in _radii:
        _radii[weights] = _measure(model)
    return _radii[weights]


def _measure(model: MoleculeVAE) -> float:
    generator = np.random.default_rng(0)
    selfies_rows = [row for row in model.draw(_MOLECULES, generator).selfies_rows if row]
    if not selfies_rows:
        return 1.0
    mean, deviation = model.posterior(selfies_rows)
    at_codes = list(model.decode_symbols(mean))
    noise = generator.standard_normal(mean.shape, np.float32)
    for scale in _SCALES:
        decoded = model.decode_symbols(mean + np.float32(scale) * deviation * noise)
        is_changed = [near != at_code for near, at_code in zip(decoded, at_codes, strict=True)]
        if np.mean(is_changed) >= _CHANGED:
            return scale
    return _SCALES[-1]
