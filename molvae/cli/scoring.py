"""Which processes score molecules: those of this machine, or workers of a Dask cluster."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from molvae.cli.flags import split_at_commas

if TYPE_CHECKING:
    import molvae.objectives.configured


@dataclass(frozen=True)
class Scorers:
    """Processes of this machine, or workers of a Dask cluster."""

    workers: Annotated[
        int | None,
        Parameter(validator=Number(gte=1), help="Processes that score. Default: one per core."),
    ] = None
    scheduler: Annotated[
        str | None,
        Parameter(
            help="Address of a Dask scheduler whose workers score instead, as in tcp://head:8786."
        ),
    ] = None

    no_code: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Refuse objectives that run programs or functions or send molecules to servers.",
        ),
    ] = False
    trusted: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable=(),
            help="Types that scikit-learn model files may hold, such as sklearn.tree._tree.Tree.",
        ),
    ] = ()

    @contextmanager
    def objective(
        self, name_or_file: str
    ) -> Iterator["molvae.objectives.configured.ConfiguredObjective"]:
        """The objective of a name or a TOML file, scored by these processes.

        Raises:
            ConfigError: there is no such objective, it has mistakes, or no scheduler answers.
        """
        from molvae.cluster import open_executor
        from molvae.files import escape_control_characters
        from molvae.objectives.configured import ConfiguredObjective
        from molvae.objectives.permissions import Permissions

        def announce(line: str) -> None:
            print(escape_control_characters(line), file=sys.stderr)

        permissions = Permissions(self.no_code, split_at_commas(self.trusted), announce)
        with open_executor(self.scheduler, self.workers) as (executor, workers):
            yield ConfiguredObjective.load(name_or_file, workers, executor, permissions)


ChosenScorers = Annotated[Scorers, Parameter(name="*")]
