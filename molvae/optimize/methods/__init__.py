"""The methods of search, and the settings of a search.

A method is a module of this package with an algorithm, and a module with its settings, whose
`build` returns the method as a `Strategy`. To add a method, write them, add a member to `Method`,
and a field of the same name (with `_` for `-`) to `SearchConfig`. Settings are imported without
NumPy, so that the command line can show its help at once.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveFloat, PositiveInt

from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.constraints_config import ConstraintsConfig
from molvae.optimize.methods.cma_es_config import CmaEsConfig
from molvae.optimize.methods.evolution_config import EvolutionConfig
from molvae.optimize.methods.gradient_config import GradientConfig
from molvae.optimize.methods.prior_sampling_config import PriorSamplingConfig
from molvae.optimize.methods.random_walk_config import RandomWalkConfig
from molvae.optimize.methods.turbo_config import TurboConfig
from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy


class Method(StrEnum):
    """How the search looks for molecules."""

    COMBINED = "combined"
    CMA_ES = "cma-es"
    EVOLUTION = "evolution"
    TURBO = "turbo"
    GRADIENT = "gradient"
    RANDOM_WALK = "random-walk"
    RANDOM = "random"


@runtime_checkable
class MethodConfig(Protocol):
    """Settings of a method."""

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """The method at its start.

        Raises:
            ConfigError: it does not suit the model or the objective.
            MissingExtraError: it needs an optional dependency that is not installed.
        """
        ...


class SearchConfig(Settings):
    """Settings of a search.

    Example:
        >>> SearchConfig(method="cma-es", budget=500).method
        <Method.CMA_ES: 'cma-es'>
    """

    method: Method = Method.COMBINED
    """How the search looks for molecules."""
    budget: PositiveInt = 2_000
    """Distinct molecules to score."""
    batch_size: PositiveInt = 100
    """Molecules proposed in a round at most."""
    at_once: PositiveInt = 256
    """Molecules passed to the objective together; their scores are saved before the next."""
    patience: PositiveInt = 20
    """Consecutive rounds without a valid, new or scored molecule after which the search ends."""
    enough: FiniteFloat | None = None
    """Mean score of the top 10 at which the search ends; None: it spends the budget."""
    pareto: bool = False
    """Search for the Pareto front of the components instead of the highest aggregated score."""
    lead_scale: PositiveFloat = 1.0
    """Distance from the lead at which the search starts, in posterior standard deviations;
    `combined` multiplies its own distances by it."""
    seed: NonNegativeInt = 0
    """Seed of all random numbers of the search."""
    constraints: ConstraintsConfig = Field(default_factory=ConstraintsConfig)
    combined: CombinedConfig = Field(default_factory=CombinedConfig)
    cma_es: CmaEsConfig = Field(default_factory=CmaEsConfig)
    evolution: EvolutionConfig = Field(default_factory=EvolutionConfig)
    turbo: TurboConfig = Field(default_factory=TurboConfig)
    gradient: GradientConfig = Field(default_factory=GradientConfig)
    random_walk: RandomWalkConfig = Field(default_factory=RandomWalkConfig)
    random: PriorSamplingConfig = Field(default_factory=PriorSamplingConfig)

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """The method that is named, at its start (see `MethodConfig.build`)."""
        settings: MethodConfig = getattr(self, self.method.replace("-", "_"))
        return settings.build(context)

    # Any: JSON values.
    def outcome(self) -> dict[str, Any]:
        """Settings that affect the result; worker counts do not."""
        return self.model_dump(mode="json", exclude={"at_once": True, "combined": {"workers"}})

    # Any: JSON values.
    def path(self) -> dict[str, Any]:
        """Settings that affect the order of the molecules; those that only end a search do not."""
        ends = ("budget", "enough", "patience")
        settings = {name: value for name, value in self.outcome().items() if name not in ends}
        settings["combined"] |= self.combined.content()
        return settings


# Any: values of settings.
def without_guardrails(config: SearchConfig, **constraints: Any) -> SearchConfig:
    """The settings of a benchmark's search: no limits on molecules unless `config` sets them.

    Args:
        config: settings of the search; what they set explicitly is kept.
        constraints: further constraints, where the settings say nothing of them.
    """
    given = config.model_dump(exclude_unset=True)
    changes = {
        "constraints": {"guardrails": False, **constraints, **given.get("constraints", {})},
        "combined": {"improbable": 0.0, **given.get("combined", {})},
    }
    return config.with_changes(changes)
