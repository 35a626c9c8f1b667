"""Settings of the combined search, importable without NumPy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from molvae.chem.standardize_config import StandardizeConfig
from molvae.files import sha256
from molvae.optimize.combined.sources import SourceName
from molvae.settings import Settings

if TYPE_CHECKING:
    import molvae.optimize.strategy

_PER_GENERATION = 100
"""Scored molecules for each further generation that the surrogate is trusted with."""
_BATCH_SIZES = ((120, 6), (160, 8), (500, 25), (2_000, 100))
"""Calls from which rounds have this many molecules, about a twentieth of the calls: the more
molecules are known, the longer it takes to fit the surrogate."""


class RetrainingConfig(Settings):
    """Settings of the retraining of the decoders."""

    updates: NonNegativeInt = 6
    """Weight updates at a time; 0 leaves the model as it is."""
    interval: PositiveInt = 64
    """Fewest calls between two retrainings; twice the batch size where that is larger."""
    elites: PositiveInt = 100
    """Best molecules so far, on which the decoders are trained."""
    batch_size: PositiveInt = 32
    """Elites in an update."""
    rehearsed: NonNegativeInt = 16
    """Samples of the original prior in an update, to prevent forgetting."""
    rank_weight: PositiveFloat = 0.01
    """k in the weight 1 / (k N + rank) of an elite (Tripp et al. 2020, eq. 3)."""
    learning_rate: PositiveFloat = 5e-4
    clip_norm: PositiveFloat = 5.0
    """Largest norm of the gradient."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of matrix products in retraining and decoding; auto selects bfloat16 on processors
    that support it, where it is about twice as fast."""


class CombinedConfig(Settings):
    """Settings of the default search; each part can be switched off."""

    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)] = tuple(SourceName)
    """Ways to make candidates: neighbors, crossovers, rewrites, prior, pool, graph, token_edits,
    windows, edits."""
    pool: Path | None = None
    """File of molecules for the source `pool`; their scores need not be known."""
    pool_size: PositiveInt = 10_000
    """Molecules sampled from that file."""
    pool_ranked: PositiveInt = 500
    """Molecules of the pool that the surrogate ranks in a round."""
    start: PositiveInt = 64
    """Molecules scored before the surrogate is used: from the pool and the prior, or near leads."""
    generations: PositiveInt = 3
    """Generations of candidates descending from the most promising ones, before any is scored."""
    children: PositiveInt = 128
    """Candidates of a generation."""
    evolved: NonNegativeInt = 10
    """Most further generations by sources that need no network, which are fast."""
    min_batch: PositiveInt = 4
    """Fewest molecules in a round; rounds grow with the number of calls."""
    improbable: NonNegativeFloat = 5.0
    """Standard deviations by which the NLL of a candidate under the prior may exceed the mean of
    the first molecules (see `LikelihoodFilter`); 0 admits everything."""
    surrogate: bool = True
    """Rank candidates by a Gaussian process; otherwise they are scored in random order."""
    surrogate_size: PositiveInt = 2_000
    """Most scored molecules in the Gaussian process."""
    retraining: RetrainingConfig = Field(default_factory=RetrainingConfig)
    stagnation: NonNegativeInt = 500
    """Calls without notable improvement of the top 10 before a restart from new molecules; the next
    restart combines old and new ones. 0: no restarts."""
    candidate_heavy_atoms: PositiveInt = 60
    """Heavy atoms of a candidate, at most."""
    neutralize: bool = True
    """Neutralize candidates where possible, unless a lead is charged itself."""
    keep_stereo: bool = False
    """Keep stereochemistry, for objectives that depend on it; the search is slower then."""
    workers: Annotated[int | None, Field(ge=1)] = None
    """Worker processes that read candidates; default: one per core. With more than one, the network
    uses two threads."""

    @model_validator(mode="after")
    def _has_a_source(self) -> "CombinedConfig":
        if set(self.sources) == {SourceName.POOL} and self.pool is None:
            raise ValueError("the only source is the pool, but there is none: give its file")
        return self

    def build(
        self, context: "molvae.optimize.strategy.SearchContext"
    ) -> "molvae.optimize.strategy.Strategy":
        """The combined search at its start.

        Raises:
            ConfigError: the model is no `MoleculeVAE`.
        """
        from molvae.optimize.combined.combined_search import CombinedSearch

        return CombinedSearch.of(self, context)

    def batch_size(self, calls: int) -> int:
        """Molecules of a round after this many calls."""
        sizes = [size for start, size in _BATCH_SIZES if start <= calls]
        return max([self.min_batch, *sizes])

    def further_generations(self, known: int) -> int:
        """Most further generations with this many scored molecules.

        After many generations the best are often errors of a surrogate that knows little.
        """
        return min(self.evolved, known // _PER_GENERATION)

    # Any: JSON values.
    def content(self) -> dict[str, Any]:
        """Settings that name files, with digests of the files in place of their paths."""
        if self.pool is None or not self.pool.is_file():
            return {}
        return {"pool": sha256(self.pool)}

    @property
    def cleaning(self) -> StandardizeConfig:
        """Cleaning of each candidate."""
        return StandardizeConfig(
            max_heavy_atoms=self.candidate_heavy_atoms,
            min_heavy_atoms=3,
            neutralize=self.neutralize,
            keep_stereo=self.keep_stereo,
        )
