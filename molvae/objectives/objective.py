"""Objective: scores for a batch of molecules (higher is better), with the measured values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64
from pydantic import JsonValue

from molvae.chem.molecule import Molecule

PerMolecule = Float64[np.ndarray, " molecule"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A molecule for which external code returned no number."""

    smiles: str
    component: str
    """Name of the measured component or constraint."""
    reason: str
    is_answer: bool = False
    """Whether the code returned something other than a number; False: it returned nothing."""


@dataclass(frozen=True)
class Scores:
    """Scores and measured values of a batch of molecules, in its order."""

    total: PerMolecule
    """Scores, higher is better; NaN if a value is missing or the molecule is not allowed."""
    values: Mapping[str, PerMolecule]
    """Measured values by name; NaN if missing."""
    desirabilities: Mapping[str, PerMolecule]
    """Desirabilities in [0, 1] by name, for components that have a curve."""
    failures: tuple[Failure, ...] = ()
    """Reasons for missing values of external code."""

    def at(self, rows: Sequence[int]) -> "Scores":
        """Scores of the molecules in these rows of the batch, with the failures of all rows."""
        index = np.asarray(rows, dtype=np.int64)
        return Scores(
            self.total[index],
            {name: values[index] for name, values in self.values.items()},
            {name: values[index] for name, values in self.desirabilities.items()},
            self.failures,
        )


@runtime_checkable
class Objective(Protocol):
    """A function to maximize over molecules."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the measured values, in display order."""
        ...

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """Values that identify the objective; a search is resumed only if they are equal."""
        ...

    def score(self, molecules: Sequence[Molecule]) -> Scores:
        """Scores of a batch; each depends on the molecule's canonical SMILES alone.

        Raises:
            ObjectiveError: no molecule can be scored. A single failure gives a NaN score instead.
        """
        ...
