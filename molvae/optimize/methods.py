"""The methods of search by name."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from molvae.chem.molecule import Molecule
from molvae.optimize.cma_es import CmaEs, CmaEsConfig
from molvae.optimize.latent_model import LatentModel
from molvae.optimize.optimizer import LatentOptimizer, Points
from molvae.optimize.prior_sampling import PriorSampling
from molvae.optimize.random_walk import RandomWalk, RandomWalkConfig
from molvae.optimize.strategy import LatentStrategy, Strategy
from molvae.settings import Settings


class Method(StrEnum):
    """How points are looked for."""

    CMA_ES = "cma-es"
    RANDOM_WALK = "random-walk"
    RANDOM = "random"


class SearchConfig(Settings):
    """How a search goes, and how far."""

    method: Method = Method.CMA_ES
    budget: PositiveInt = 2_000
    """Distinct molecules that are scored."""
    batch_size: PositiveInt = 32
    """Molecules proposed in a round."""
    at_once: PositiveInt = 256
    """Molecules handed to the objective together; their scores are on disk before the next."""
    patience: PositiveInt = 50
    """Rounds without a molecule, a new one or a score after which the search ends."""
    lead_scale: PositiveFloat = 1.0
    """How far from a lead's code a search begins, in deviations of its posterior."""
    seed: NonNegativeInt = 0
    cma_es: CmaEsConfig = Field(default_factory=CmaEsConfig)
    random_walk: RandomWalkConfig = Field(default_factory=RandomWalkConfig)


def strategy_of(
    config: SearchConfig, model: LatentModel, leads: Sequence[Molecule] = ()
) -> Strategy:
    """The method that the settings name, at its start: the model's prior, or round the leads."""
    return LatentStrategy(model, _optimizer(config, model, leads))


def _optimizer(
    config: SearchConfig, model: LatentModel, leads: Sequence[Molecule]
) -> LatentOptimizer:
    def prior(n: int, generator: np.random.Generator) -> Points:
        if not leads:
            return model.prior_points(n, generator).astype(np.float64)
        chosen = [leads[place] for place in generator.integers(len(leads), size=n)]
        return model.neighbours(chosen, config.lead_scale, generator).astype(np.float64)

    match config.method:
        case Method.CMA_ES:
            return CmaEs(prior, config.cma_es, config.seed)
        case Method.RANDOM_WALK:
            return RandomWalk(prior, config.random_walk, config.seed)
        case Method.RANDOM:
            return PriorSampling(prior, config.seed)
    assert_never(config.method)
