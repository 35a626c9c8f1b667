"""Learning rate and beta as functions of the progress of a training."""

import math

from molvae.training.config import TrainConfig

_FINAL_SHARE = 0.01
"""Share of the peak learning rate at the end of the cosine."""


def learning_rate(config: TrainConfig, progress: float, update_share: float = 0.0) -> float:
    """Linear warm-up, times a cosine over the whole training.

    Args:
        config: peak learning rate and warm-up.
        progress: share of the training that is done, from 0 to 1, by updates or by time,
            whichever is closer to its limit.
        update_share: share of the training that an update is; with it, the rate of the first
            update is above 0.
    """
    warmup = config.warmup + update_share
    rise = min(1.0, (progress + update_share) / warmup) if warmup else 1.0
    fall = _FINAL_SHARE + (1 - _FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return config.learning_rate * rise * fall


def kl_weight(config: TrainConfig, progress: float) -> float:
    """Beta after a linear warm-up from 0 (Bowman et al. 2016)."""
    rise = progress / config.beta_warmup if config.beta_warmup else 1.0
    return config.beta * min(1.0, rise)
