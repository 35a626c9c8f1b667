"""The methods of search by name."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal, assert_never

import numpy as np
from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveFloat, PositiveInt

from molvae.chem.molecule import Molecule
from molvae.dataset.tables import Table
from molvae.errors import ConfigError
from molvae.files import sha256
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.objective import Objective
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.combined_search import CombinedSearch
from molvae.optimize.constraints import ConstraintsConfig
from molvae.optimize.latent_model import LatentModel
from molvae.optimize.latent_optimizer import LatentOptimizer, Latents, Prior
from molvae.optimize.methods.cma_es import CmaEs, CmaEsConfig
from molvae.optimize.methods.evolution import EvolutionConfig, LatentEvolution
from molvae.optimize.methods.gradient import GradientAscent, GradientConfig, PredictedScore
from molvae.optimize.methods.prior_sampling import PriorSampling
from molvae.optimize.methods.random_walk import RandomWalk, RandomWalkConfig
from molvae.optimize.methods.turbo import Turbo, TurboConfig
from molvae.optimize.strategy import LatentStrategy, Strategy
from molvae.settings import Settings


class Method(StrEnum):
    """How points are looked for."""

    COMBINED = "combined"
    CMA_ES = "cma-es"
    EVOLUTION = "evolution"
    TURBO = "turbo"
    GRADIENT = "gradient"
    RANDOM_WALK = "random-walk"
    RANDOM = "random"


Blind = Literal[Method.CMA_ES, Method.EVOLUTION, Method.TURBO, Method.RANDOM_WALK, Method.RANDOM]
"""Methods that see points and their scores alone."""


class SearchConfig(Settings):
    """How a search goes, and how far."""

    method: Method = Method.COMBINED
    budget: PositiveInt = 2_000
    """Distinct molecules that are scored."""
    batch_size: PositiveInt = 100
    """Molecules proposed in a round at most."""
    at_once: PositiveInt = 256
    """Molecules handed to the objective together; their scores are on disk before the next."""
    patience: PositiveInt = 20
    """Rounds without a molecule, a new one or a score after which the search ends."""
    enough: FiniteFloat | None = None
    """Mean of the ten best scores at which the search ends; None: it goes on."""
    pareto: bool = False
    """Look for molecules that none beats in every component, not for the highest mean of them."""
    lead_scale: PositiveFloat = 1.0
    """How far from a lead's code a search begins: in deviations of its posterior; `combined` makes
    its own distances so many times as large."""
    seed: NonNegativeInt = 0
    constraints: ConstraintsConfig = Field(default_factory=ConstraintsConfig)
    combined: CombinedConfig = Field(default_factory=CombinedConfig)
    cma_es: CmaEsConfig = Field(default_factory=CmaEsConfig)
    evolution: EvolutionConfig = Field(default_factory=EvolutionConfig)
    turbo: TurboConfig = Field(default_factory=TurboConfig)
    gradient: GradientConfig = Field(default_factory=GradientConfig)
    random_walk: RandomWalkConfig = Field(default_factory=RandomWalkConfig)

    # Any: JSON values.
    def outcome(self) -> dict[str, Any]:
        """What the outcome of a search hangs on: all but how its work is shared out."""
        return self.model_dump(mode="json", exclude={"at_once": True, "combined": {"workers"}})

    # Any: JSON values.
    def path(self) -> dict[str, Any]:
        """What the path of a search hangs on, wherever it ends."""
        ends = ("budget", "enough")
        found = {name: value for name, value in self.outcome().items() if name not in ends}
        pool = self.combined.pool
        if pool is not None and pool.is_file():
            # What is in it, wherever it lies.
            found["combined"] = {**found["combined"], "pool": sha256(pool)}
        return found


def unguarded(config: SearchConfig, **constraints: Any) -> SearchConfig:
    """A search as benchmarks have it: nothing refused for being odd, unless the settings ask.

    Args:
        config: its settings.
        constraints: what is asked of molecules besides, where the settings do not say otherwise.
    """
    given = config.model_dump(exclude_unset=True)
    changes = {
        "constraints": {"guardrails": False, **constraints, **given.get("constraints", {})},
        "combined": {"improbable": 0.0, **given.get("combined", {})},
    }
    return config.with_changes(changes)


def strategy_of(
    config: SearchConfig,
    model: LatentModel,
    leads: Sequence[Molecule] = (),
    objective: Objective | None = None,
) -> Strategy:
    """The method that the settings name, at its start: the model's prior, or round the leads.

    Raises:
        ConfigError: the method needs to know the objective, and cannot work with this one.
        MissingExtraError: the method needs an optional dependency that is not installed.
    """
    method, prior = config.method, _prior(config, model, leads)
    if method is Method.COMBINED:
        return _combined(config, model, leads)
    if method is Method.GRADIENT:
        goal = PredictedScore.of(model, objective)
        return GradientAscent(model, goal, prior, config.gradient, config.seed)
    return LatentStrategy(model, _optimizer(method, config, prior))


def _combined(
    config: SearchConfig, model: LatentModel, leads: Sequence[Molecule]
) -> CombinedSearch:
    if not isinstance(model, MoleculeVAE):
        raise ConfigError(
            f"the method {Method.COMBINED} retrains a MoleculeVAE, got {type(model).__name__}; "
            "choose another `method`"
        )
    pool = config.combined.pool
    return CombinedSearch(
        model,
        config.combined,
        config.seed,
        leads=leads,
        pool=() if pool is None else [one for one in Table.open(pool, None).texts() if one],
        constraints=config.constraints,
        lead_scale=config.lead_scale,
    )


def _prior(config: SearchConfig, model: LatentModel, leads: Sequence[Molecule]) -> Prior:
    def prior(n: int, generator: np.random.Generator) -> Latents:
        if not leads:
            return model.prior_latents(n, generator).astype(np.float64)
        chosen = [leads[place] for place in generator.integers(len(leads), size=n)]
        return model.neighbors(chosen, config.lead_scale, generator).astype(np.float64)

    return prior


def _optimizer(method: Blind, config: SearchConfig, prior: Prior) -> LatentOptimizer:
    match method:
        case Method.CMA_ES:
            return CmaEs(prior, config.cma_es, config.seed)
        case Method.EVOLUTION:
            return LatentEvolution(prior, config.evolution, config.seed)
        case Method.TURBO:
            return Turbo(prior, config.turbo, config.seed)
        case Method.RANDOM_WALK:
            return RandomWalk(prior, config.random_walk, config.seed)
        case Method.RANDOM:
            return PriorSampling(prior, config.seed)
    assert_never(method)
