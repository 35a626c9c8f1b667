"""LikelihoodQuantiles: log-likelihoods of held-out molecules, as a model's card keeps them."""

from itertools import pairwise
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field, PositiveInt, field_validator

from molvae.settings import Settings

PERCENTS = (0.0, 0.1, 0.2, 0.5, *map(float, range(1, 100)), 99.5, 99.8, 99.9, 100.0)
"""Percentages whose quantiles are kept; closer at the ends, where molecules are flagged."""
MIN_MOLECULES = 20
"""Held-out molecules below which no quantiles are kept."""
_DECIMALS = 3
_SIZE = len(PERCENTS)


class LikelihoodQuantiles(Settings, extra="ignore"):
    """Quantiles of the log-likelihood of molecules that a model was not trained on."""

    molecules: PositiveInt
    """Number of held-out molecules behind the quantiles."""
    quantiles: Annotated[tuple[float, ...], Field(min_length=_SIZE, max_length=_SIZE)]
    """Log-likelihoods in nats at `PERCENTS`, in ascending order."""

    @field_validator("quantiles")
    @classmethod
    def _check_order(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        if any(low > high for low, high in pairwise(quantiles)):
            raise ValueError("the quantiles do not ascend")
        return quantiles

    @classmethod
    def of(cls, log_likelihoods: Float[np.ndarray, " molecule"]) -> "LikelihoodQuantiles":
        """The quantiles of some log-likelihoods, in nats."""
        values = np.quantile(log_likelihoods.astype(np.float64), np.array(PERCENTS) / 100)
        return cls(
            molecules=len(log_likelihoods),
            quantiles=tuple(round(value, _DECIMALS) for value in values.tolist()),
        )

    def percentiles(
        self, log_likelihoods: Float[np.ndarray, " molecule"]
    ) -> Float[np.ndarray, " molecule"]:
        """Percentage of held-out molecules that are less likely, from 0 to 100."""
        percentiles: np.ndarray = np.interp(log_likelihoods, self.quantiles, PERCENTS)
        return percentiles
