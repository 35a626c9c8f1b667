"""TargetConfig: grid and sizes of the benchmark of target values. Needs no torch."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from molvae.settings import Settings


class TargetConfig(Settings):
    """Grid of targets, and how many molecules are asked for at each of them."""

    logp: Annotated[tuple[float, ...], Field(min_length=1)] = (-1, 0, 1, 2, 3, 4, 5, 6)
    """Targets of log P."""
    qed: Annotated[tuple[float, ...], Field(min_length=1)] = (0.3, 0.5, 0.7, 0.9)
    """Targets of QED; each is combined with each log P."""
    logp_tolerance: PositiveFloat = 0.25
    """Largest deviation from the target log P."""
    qed_tolerance: PositiveFloat = 0.05
    """Largest deviation from the target QED."""
    molecules: Annotated[int, Field(ge=2)] = 20
    """Molecules that are asked for at each pair of targets."""
    most_draws: Annotated[float, Field(ge=1.0)] = 40.0
    """Samples per molecule asked for, after which generation gives up."""
    prior_samples: Annotated[int, Field(ge=100)] = 5_000
    """Samples without a target, which rejection by `where` is measured on."""
    seed: NonNegativeInt = 0
    """Seed of the molecules that are sampled."""
    workers: PositiveInt | None = None
    """Processes that read decoded SELFIES; None means one per core."""
