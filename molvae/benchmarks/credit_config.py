"""CreditConfig: the sizes of the benchmark of proposal sources. Needs no torch."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.optimize.combined.sources import SourceName
from molvae.settings import Settings


class CreditConfig(Settings):
    """Sizes of the benchmark of proposal sources."""

    tasks: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "celecoxib_rediscovery",
        "troglitazone_rediscovery",
        "thiothixene_rediscovery",
        "perindopril_mpo",
        "zaleplon_mpo",
    )
    """Names of PMO tasks, without `pmo/`."""
    seeds: Annotated[tuple[NonNegativeInt, ...], Field(min_length=1)] = (0, 1, 2)
    """Random seeds; each has its own parents and children for every task."""
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)] = tuple(SourceName)
    """Sources to measure."""
    sampled: Annotated[int, Field(ge=2)] = 1_000
    """Random molecules of the file from which the parents descend."""
    rounds: NonNegativeInt = 5
    """Rounds of graph mutation between these molecules and the parents."""
    mutants: PositiveInt = 200
    """Graph mutations of the best molecules in a round."""
    parents: PositiveInt = 100
    """Best molecules after the last round; children are compared with them."""
    children: PositiveInt = 256
    """Children that each source is asked for, per task and seed."""
    workers: PositiveInt = 1
    """Processes that read the children; with more than one, times are not those of one core."""
