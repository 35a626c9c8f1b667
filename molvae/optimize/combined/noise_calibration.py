"""Similarity of the molecules that a shared decoder reads from noisy latent vectors."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32

from molvae.chem.notation import from_selfies_batch
from molvae.chem.similarity import ecfp4_similarity
from molvae.errors import ConfigError
from molvae.model.latents import add_noise
from molvae.model_card import weights_digest
from molvae.molecule_vae import MoleculeVAE

_MOLECULES = 64
_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85)
_calibrations: dict[str, "NoiseCalibration"] = {}
"""By the digest of the weights, as measuring takes seconds."""


@dataclass(frozen=True)
class NoiseCalibration:
    """Mean similarity to a molecule after noise in its latent vector, by the level of the noise."""

    levels: Float[np.ndarray, " level"]
    """Noise levels, increasing from 0."""
    similarities: Float[np.ndarray, " level"]
    """Mean Tanimoto similarity (counted ECFP4) at each level; it never increases."""

    @classmethod
    def of(cls, model: MoleculeVAE) -> "NoiseCalibration":
        """The calibration of a model, measured once for the same weights.

        Molecules that the model generates are encoded, noise is added to their latent vectors, and
        the result is decoded greedily at that noise level.

        Raises:
            ConfigError: the decoder is not shared, so that it is not told the noise level.
        """
        if not model.network.is_shared:
            raise ConfigError("only a model with `decoder=shared` decodes at noise levels")
        weights = weights_digest(model.vocabulary, model.network)
        if weights not in _calibrations:
            _calibrations[weights] = _measure(model)
        return _calibrations[weights]

    def level_at(
        self, similarity: Float[np.ndarray, " molecule"]
    ) -> Float32[np.ndarray, " molecule"]:
        """The noise level at which the mean similarity is this, within the levels measured."""
        # np.interp needs increasing numbers.
        levels: np.ndarray = np.interp(similarity, self.similarities[::-1], self.levels[::-1])
        return levels.astype(np.float32)


def noisy_latents(
    latents: Float32[np.ndarray, "molecule latent"],
    levels: Float32[np.ndarray, " molecule"],
    generator: np.random.Generator,
) -> Float32[np.ndarray, "molecule latent"]:
    """Latent vectors with noise of the given levels (see `add_noise`)."""
    noise = generator.standard_normal(latents.shape, np.float32)
    mixed = add_noise(*(torch.from_numpy(array) for array in (latents, levels, noise)))
    noisy: np.ndarray = mixed.numpy()
    return noisy


def _measure(model: MoleculeVAE) -> NoiseCalibration:
    generator = np.random.default_rng(0)
    levels = np.array([0.0, *_LEVELS])
    selfies_rows = [row for row in model.draw(_MOLECULES, generator).selfies_rows if row]
    originals = from_selfies_batch(selfies_rows)
    if not any(originals):
        return NoiseCalibration(levels, 1.0 - levels)
    mean, _ = model.posterior(selfies_rows)
    # All levels are decoded together, which takes hardly longer than a single one.
    at_levels = np.repeat(np.array(_LEVELS, np.float32), len(mean))
    noisy = noisy_latents(np.tile(mean, (len(_LEVELS), 1)), at_levels, generator)
    decoded = from_selfies_batch(model.decode_symbols(noisy, noise_levels=at_levels))
    similarities = [1.0]
    for start in range(0, len(decoded), len(originals)):
        values = [
            ecfp4_similarity(original, molecule)
            for original, molecule in zip(
                originals, decoded[start : start + len(originals)], strict=True
            )
            if original and molecule
        ]
        similarities.append(float(np.mean(values)) if values else 0.0)
    return NoiseCalibration(levels, np.minimum.accumulate(similarities))
