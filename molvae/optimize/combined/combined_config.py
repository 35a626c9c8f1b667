"""Settings of the default search."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from molvae.chem.standardize_config import StandardizeConfig
from molvae.optimize.combined.retraining import RetrainingConfig
from molvae.optimize.combined.sources import Source
from molvae.settings import Settings

_PAIRS = re.compile(r"\d+:[1-9]\d*(,\d+:[1-9]\d*)*")


class CombinedConfig(Settings):
    """What the default search does; each part can be switched off."""

    sources: Annotated[tuple[Source, ...], Field(min_length=1)] = tuple(Source)
    """Where candidates come from: neighbors, crossovers, rewrites, prior, pool, graph, edits."""
    pool: Path | None = None
    """File of molecules, one of the sources; nothing is known of their scores."""
    pool_size: PositiveInt = 10_000
    """Molecules drawn from that file."""
    pool_ranked: PositiveInt = 500
    """Of them, those that the surrogate is asked about in a round."""
    start: PositiveInt = 64
    """Molecules scored before the surrogate is asked: of the pool and the prior, or leads."""
    generations: PositiveInt = 3
    """Times that candidates descend from the most promising ones, before any is scored."""
    children: PositiveInt = 128
    """Candidates of a generation."""
    evolved: NonNegativeInt = 10
    """Generations after those at most, of graph edits alone, which cost no decoding."""
    batches: str = "0:4,200:8,500:25,2000:100"
    """calls:size, ...: molecules of a round, once so many have been scored."""
    improbable: NonNegativeFloat = 5.0
    """Standard deviations by which a candidate may surprise the prior more than what the search
    began with does (see `LikelihoodFilter`); 0: nothing is too improbable."""
    surrogate: bool = True
    """Let a Gaussian process choose; otherwise candidates are taken as they come."""
    surrogate_size: PositiveInt = 2_000
    """Scored molecules that it knows at most."""
    retraining: RetrainingConfig = Field(default_factory=RetrainingConfig)
    stagnation: NonNegativeInt = 500
    """Calls in which the ten best hardly rise, after which the search begins anew elsewhere; the
    next time it puts together what it found before and since. 0: it goes on as it is."""
    max_heavy_atoms: PositiveInt = 60
    neutralize: bool = True
    """Take charges off candidates where they can be, unless a lead has such, and would itself
    be unlike what is made of it."""
    keep_stereo: bool = False
    """Keep stereochemistry, for an objective that sees it; flat molecules are searched faster."""
    workers: Annotated[int | None, Field(ge=1)] = None
    """Processes that read candidates; one per core unless given. With more than one, the network
    has two threads."""

    @field_validator("batches")
    @classmethod
    def _from_the_first_call(cls, text: str) -> str:
        if not _PAIRS.fullmatch(text):
            raise ValueError(f"expected pairs calls:size such as '0:4,500:16', got {text!r}")
        begins = [begin for begin, _ in _pairs(text)]
        if begins[0] != 0 or begins != sorted(set(begins)):
            raise ValueError(f"expected pairs in rising order, the first from call 0, got {text!r}")
        return text

    @model_validator(mode="after")
    def _has_a_source(self) -> "CombinedConfig":
        if set(self.sources) == {Source.POOL} and self.pool is None:
            raise ValueError("the one source is the pool, and there is none: give a file of it")
        return self

    def batch_size(self, calls: int) -> int:
        """Molecules of a round when so many are known."""
        return [size for begin, size in _pairs(self.batches) if begin <= calls][-1]

    @property
    def cleaning(self) -> StandardizeConfig:
        """What is done to each candidate."""
        return StandardizeConfig(
            max_heavy_atoms=self.max_heavy_atoms,
            min_heavy_atoms=3,
            neutralize=self.neutralize,
            keep_stereo=self.keep_stereo,
        )


def _pairs(text: str) -> list[tuple[int, int]]:
    pairs = (pair.split(":") for pair in text.split(","))
    return [(int(begin), int(size)) for begin, size in pairs]
