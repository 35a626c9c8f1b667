"""ConfiguredObjective: an objective described by a TOML file or named in a benchmark suite."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from molvae.chem.molecule import Molecule
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.measure import Foreign
from molvae.objectives.measuring import (
    Measured,
    measure,
    meets_constraints,
    violations,
)
from molvae.objectives.objective import Failure, Scores
from molvae.objectives.permissions import Permissions
from molvae.objectives.program import ProgramMeasure
from molvae.objectives.rest import RestMeasure
from molvae.objectives.suites import find_objective
from molvae.parallel import ordered_map

# Below this, sending molecules to other processes costs more than it saves.
_WORTH_SPREADING = 2_000
_PER_TASK = 250
_PER_FOREIGN_TASK = 50


class ConfiguredObjective:
    """Weighted mean of the desirabilities of several components, subject to constraints.

    Molecules are scored in `workers` processes, or by an executor of `concurrent.futures` or Dask
    with that many workers. The scores do not depend on their number.
    """

    def __init__(
        self, config: ObjectiveConfig, workers: int = 1, executor: Executor | None = None
    ) -> None:
        self.config = config
        self._workers = workers
        self._executor = executor
        measures = config.measures()
        self._columns = tuple(measures)
        self._is_foreign = any(isinstance(measure, Foreign) for measure in measures.values())
        sizes = [
            m.at_once for m in measures.values() if isinstance(m, ProgramMeasure | RestMeasure)
        ]
        self._most_at_once = max([_PER_FOREIGN_TASK, *sizes])

    @classmethod
    def load(
        cls,
        source: Path | str,
        workers: int = 1,
        executor: Executor | None = None,
        permissions: Permissions | None = None,
    ) -> "ConfiguredObjective":
        """The objective of a TOML file, or of a suite by a name such as pmo/qed.

        An objective file can run code: it may name any program, Python function or server.

        Args:
            source: TOML file, or name of an objective.
            workers: number of worker processes.
            executor: executor to use instead of processes on this machine.
            permissions: code that the file may run; by default all but untrusted types.

        Raises:
            ConfigError: the file or name does not exist, or the file has mistakes or runs code
                that is not permitted.
            MissingExtraError: it needs an optional dependency that is not installed.
        """
        config = (permissions or Permissions()).apply(find_objective(source))
        config.check()
        return cls(config, workers, executor)

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    @property
    def description(self) -> Mapping[str, JsonValue]:
        return self.config.identity()

    def score(self, molecules: Sequence[Molecule]) -> Scores:
        smiles = [molecule.smiles for molecule in molecules]
        measured = self._measure(smiles)
        values = {
            name: np.concatenate([np.empty(0), *(portion.values[name] for portion in measured)])
            for name in self._columns
        }
        components = self.config.component
        desirabilities = {
            component.label: component.curve(values[component.label])
            for component in components
            if component.curve is not None
        }
        if desirabilities:
            rows = np.stack([desirabilities[component.label] for component in components])
            weights = np.array([component.weight for component in components])
            total = self.config.aggregation.mean(rows, weights)
        else:
            total = values[components[0].label]
        meets = meets_constraints(self.config, values, len(smiles))
        failures = tuple(_failures(measured, smiles))
        return Scores(np.where(meets, total, np.nan), values, desirabilities, failures)

    def violations(self, molecules: Sequence[Molecule]) -> list[str | None]:
        """The first condition or constraint that each molecule violates, or None.

        Only measures that the toolkit computes itself are checked; no external code is called.
        """
        return violations(self.config, [molecule.smiles for molecule in molecules])

    def _measure(self, smiles: Sequence[str]) -> list[Measured]:
        work = partial(measure, config=self.config)
        size = _PER_TASK
        if self._is_foreign:
            # External code may take minutes per molecule, so the molecules go to all workers.
            size = max(1, min(self._most_at_once, -(-len(smiles) // self._workers)))
        portions = [tuple(smiles[i : i + size]) for i in range(0, len(smiles), size)]
        worth = self._is_foreign or len(smiles) >= _WORTH_SPREADING
        answers = ordered_map(
            work,
            enumerate(portions),
            self._workers if worth else 1,
            len(portions),
            executor=self._executor,
        )
        return [answer for _, answer in answers]


def _failures(measured: Sequence[Measured], smiles: Sequence[str]) -> Iterable[Failure]:
    start = 0
    for portion in measured:
        for label, problem in portion.problems:
            yield Failure(
                smiles[start + problem.row], label, problem.reason, is_answer=problem.is_answer
            )
        start += len(next(iter(portion.values.values())))
