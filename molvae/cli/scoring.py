"""Which objective a command scores by, and who does the scoring."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from molvae.errors import ConfigError
from molvae.objectives.cluster import dask_executor
from molvae.objectives.configured import ConfiguredObjective
from molvae.parallel import available_cores


@dataclass(frozen=True)
class Scorers:
    """Processes of this machine, or workers of a Dask cluster."""

    workers: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=1), help="Processes to score with; one per core unless given."
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        Parameter(
            help="Address of a Dask scheduler whose workers score instead, such as tcp://head:8786."
        ),
    ] = None

    @contextmanager
    def objective(self, wanted: str) -> Iterator[ConfiguredObjective]:
        """The objective of a TOML file or a name, with these to score by it.

        Raises:
            ConfigError: no such objective, mistakes in it, or no scheduler at the address.
        """
        if self.scheduler is None:
            yield ConfiguredObjective.load(wanted, self.workers or available_cores())
            return
        if self.workers is not None:
            raise ConfigError(
                "--workers are of this machine, those of --scheduler of others; give one"
            )
        with dask_executor(self.scheduler) as (executor, workers):
            yield ConfiguredObjective.load(wanted, workers, executor)


ChosenScorers = Annotated[Scorers, Parameter(name="*")]
