"""Reach: how far from a code other molecules begin."""

import numpy as np

from molvae.model_card import weights_digest
from molvae.molecule_vae import MoleculeVAE

_MOLECULES = 256
"""Fewer leave the share of those that differ uncertain by more than a step of the scale."""
_SCALES: tuple[float, ...] = tuple(2.0 ** (half / 2) for half in range(-2, 7))
"""Half a deviation to eight, in steps of the root of two."""
_AWAY = 0.5
_measured: dict[str, float] = {}
"""By the weights: it takes seconds, and searches of one model come by the hundred."""


def decoding_radius(model: MoleculeVAE) -> float:
    """The posterior deviations at which half of the points decode to other symbols than the code.

    The better an autoencoder, the narrower its posteriors and the larger the room round each code
    that belongs to the same molecule: one deviation is far in one model, and nowhere in another.
    Measured on molecules that the model makes up, once for the same weights.

    Returns:
        One of the scales tried, 0.5 to 8; 1 for a model that makes nothing up.
    """
    weights = weights_digest(model.vocabulary, model.network)
    if weights not in _measured:
        _measured[weights] = _measured_on(model)
    return _measured[weights]


def _measured_on(model: MoleculeVAE) -> float:
    generator = np.random.default_rng(0)
    selfies_rows = [one for one in model.draw(_MOLECULES, generator).selfies_rows if one]
    if not selfies_rows:
        return 1.0
    mean, deviation = model.posterior(selfies_rows)
    home = list(model.decode_symbols(mean))
    noise = generator.standard_normal(mean.shape, np.float32)
    for scale in _SCALES:
        found = model.decode_symbols(mean + np.float32(scale) * deviation * noise)
        away = [one != other for one, other in zip(found, home, strict=True)]
        if np.mean(away) >= _AWAY:
            return scale
    return _SCALES[-1]
