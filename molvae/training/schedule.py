"""Learning rate and beta as functions of how far training has come."""

import math

from molvae.training.config import TrainConfig

_FINAL_SHARE = 0.01
"""Of the learning rate, where the cosine ends."""


def learning_rate(config: TrainConfig, step: int, progress: float) -> float:
    """Linear rise over the warm-up steps, times a cosine over the whole training.

    `progress` runs from 0 to 1, by updates or by time, whichever is nearer its end.
    """
    rise = min(1.0, (step + 1) / (config.warmup_steps + 1))
    fall = _FINAL_SHARE + (1 - _FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return config.learning_rate * rise * fall


def kl_weight(config: TrainConfig, progress: float) -> float:
    """Beta: a linear rise to its full value, once or in each cycle (Fu et al. 2019, eq. 6)."""
    if config.beta_schedule == "cyclical":
        progress = 1.0 if progress >= 1.0 else progress * config.beta_cycles % 1.0
    rise = progress / config.beta_warmup if config.beta_warmup else 1.0
    return config.beta * min(1.0, rise)
