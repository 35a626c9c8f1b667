"""Evaluation of the measures of an objective for a batch of molecules, in any process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float64

from molvae.chem.conditions import Conditions
from molvae.chem.molecule import Molecule
from molvae.chem.refusal import none_if_refused
from molvae.objectives.chemical import PropertyMeasure
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.measure import Foreign, Problem, Readings

PerMolecule = Float64[np.ndarray, " molecule"]

_measures = lru_cache(maxsize=16)(ObjectiveConfig.measures)


@dataclass(frozen=True)
class Measured:
    """The readings of a batch of molecules."""

    values: Mapping[str, PerMolecule]
    """Values by name, in the order of the objective's columns; NaN if missing or not measured."""
    problems: tuple[tuple[str, Problem], ...]
    """Name of the measure and the problem with a molecule of the batch."""


def measure(smiles: Sequence[str], config: ObjectiveConfig) -> Measured:
    """All measures of an objective for a batch of molecules.

    External code runs last, and only for molecules that violate no other condition or constraint.
    """
    # Parsed again here: sums over atoms depend in the last bit on the order of the atoms, and a
    # score must not depend on the way in which the molecule was generated.
    molecules = [none_if_refused(Molecule.parse, text) for text in smiles]
    measures = _measures(config)
    needed = np.array([molecule is not None for molecule in molecules], dtype=np.bool_)
    values: dict[str, PerMolecule] = {}
    problems: list[tuple[str, Problem]] = []
    for label, measurement in sorted(
        measures.items(), key=lambda item: isinstance(item[1], Foreign)
    ):
        if isinstance(measurement, Foreign):
            needed &= meets_constraints(config, values, len(smiles))
        rows = np.flatnonzero(needed)
        readings = _readings(measurement, [molecules[row] for row in rows])
        values[label] = np.full(len(smiles), np.nan)
        values[label][rows] = readings.values
        problems += [
            (label, problem._replace(row=int(rows[problem.row]))) for problem in readings.problems
        ]
    return Measured({label: values[label] for label in measures}, tuple(problems))


def meets_constraints(
    config: ObjectiveConfig, values: Mapping[str, PerMolecule], count: int
) -> Bool[np.ndarray, " molecule"]:
    """Whether each of `count` molecules meets the conditions and constraints measured so far."""
    meets = np.ones(count, dtype=np.bool_)
    conditions = _conditions(config.where)
    if conditions:
        for row in range(count):
            meets[row] = conditions.hold(
                {name: float(values[name][row]) for name in conditions.names}
            )
    for constraint in config.constraint:
        if constraint.label in values:
            meets &= constraint.allows(values[constraint.label])
    return meets


def violations(config: ObjectiveConfig, smiles: Sequence[str]) -> list[str | None]:
    """Description of the first condition that each molecule violates, or None.

    Only measures that the toolkit computes itself are checked: external code may be expensive.
    """
    internal = [
        constraint
        for constraint in config.constraint
        if not isinstance(constraint.measure, Foreign)
    ]
    conditions = _conditions(config.where)
    if not internal and conditions is None:
        return [None] * len(smiles)
    molecules = [none_if_refused(Molecule.parse, text) for text in smiles]
    reasons: list[str | None] = [None] * len(smiles)
    if conditions is not None:
        values = {
            name: _values(PropertyMeasure(property=name), molecules) for name in conditions.names
        }
        for row in range(len(smiles)):
            if not conditions.hold({name: float(column[row]) for name, column in values.items()}):
                reasons[row] = f"breaks {conditions.text!r}"
    for constraint in internal:
        meets = constraint.allows(_values(constraint.measure, molecules))
        for row in np.flatnonzero(~meets).tolist():
            reasons[row] = reasons[row] or f"breaks constraint {constraint.label!r}"
    return reasons


def _values(
    measurement: Callable[[Sequence[Molecule]], Readings], molecules: Sequence[Molecule | None]
) -> PerMolecule:
    """A value for each molecule; NaN where there is none."""
    rows = [row for row, molecule in enumerate(molecules) if molecule is not None]
    values = np.full(len(molecules), np.nan)
    values[rows] = _readings(measurement, [molecules[row] for row in rows]).values
    return values


def _readings(
    measurement: Callable[[Sequence[Molecule]], Readings], molecules: Sequence[object]
) -> Readings:
    real = [molecule for molecule in molecules if isinstance(molecule, Molecule)]
    return measurement(real) if real else Readings(np.empty(0))


@lru_cache(maxsize=16)
def _conditions(where: str | None) -> Conditions | None:
    return Conditions.parse(where) if where else None
