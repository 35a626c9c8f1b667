"""PmoConfig: settings of the benchmark Practical Molecular Optimization. Needs no torch."""

from pydantic import Field, NonNegativeInt

from molvae.benchmarks.pmo_peers import OFFLINE_TASKS
from molvae.optimize.methods import SearchConfig
from molvae.settings import Settings


class PmoConfig(Settings):
    """Tasks, seeds and settings of the searches."""

    tasks: tuple[str, ...] = Field(default=OFFLINE_TASKS, min_length=1)
    """Names without `pmo/`; a task with a model file takes it as in gsk3b@gsk3b.skops."""
    seeds: tuple[NonNegativeInt, ...] = Field(default=(0, 1, 2), min_length=1)
    """Random seeds of the runs of each task; they replace the seed of the search."""
    search: SearchConfig = SearchConfig(budget=10_000)
    """Settings of the searches. Unless given, guardrails are off, nothing is too improbable,
    molecules have no stereochemistry, and a search ends when the mean of the top 10 is 1."""
