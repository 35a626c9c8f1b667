"""Objective: a batch of molecules -> scores, higher is better, with what they are made of."""

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
    """Somebody else's code had no number for a molecule."""

    smiles: str
    component: str
    """By the name of what was measured."""
    reason: str
    is_answer: bool = False
    """Whether the code answered with something else than a number; False: it did not answer."""


@dataclass(frozen=True)
class Scores:
    """What an objective says of a batch of molecules, in their order."""

    total: PerMolecule
    """Higher is better; NaN: the objective cannot say, or the molecule is not allowed."""
    values: Mapping[str, PerMolecule]
    """What was measured, by name; NaN: not to be had."""
    desirabilities: Mapping[str, PerMolecule]
    """The measured values in [0, 1], for those that have a curve."""
    failures: tuple[Failure, ...] = ()
    """Why a value is NaN, where somebody else's code was to give it."""

    def at(self, places: Sequence[int]) -> "Scores":
        """The scores of the molecules at these places of the batch; all failures."""
        chosen = np.asarray(places, dtype=np.int64)
        return Scores(
            self.total[chosen],
            {name: values[chosen] for name, values in self.values.items()},
            {name: values[chosen] for name, values in self.desirabilities.items()},
            self.failures,
        )


@runtime_checkable
class Objective(Protocol):
    """What is wanted of a molecule."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the measured values, in the order in which to show them."""
        ...

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """All that tells this objective from another; a search is resumed under an equal one."""
        ...

    def score(self, molecules: Sequence[Molecule]) -> Scores:
        """Scores of a batch; each depends on the molecule's canonical SMILES alone.

        Raises:
            ObjectiveError: no molecule can be scored; for one of many, its score is NaN.
        """
        ...
