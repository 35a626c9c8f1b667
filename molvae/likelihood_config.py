"""LikelihoodConfig: how likelihoods of molecules are measured. Needs no torch."""

from typing import Annotated

from pydantic import Field, PositiveInt

from molvae.settings import Settings


class LikelihoodConfig(Settings):
    """How likelihoods of molecules are measured."""

    samples: PositiveInt = 8
    """Latent vectors sampled per molecule for the ELBO; more of them make the bound tighter."""
    flag_below: Annotated[float | None, Field(ge=0.0, le=100.0)] = None
    """Flag molecules below this percentile of the log-likelihood of held-out molecules."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Random seed."""
