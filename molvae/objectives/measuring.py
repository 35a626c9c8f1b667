"""What is done to a portion of molecules, in whatever process: read them, measure what is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float64

from molvae.chem.conditions import Conditions
from molvae.chem.molecule import Molecule
from molvae.errors import MoleculeError
from molvae.objectives.chemical import PropertyMeasure
from molvae.objectives.components import AnyMeasure
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.measure import Foreign, Problem, Readings

PerMolecule = Float64[np.ndarray, " molecule"]


@dataclass(frozen=True)
class Measured:
    """The readings of a portion of molecules."""

    values: Mapping[str, PerMolecule]
    """By name, in the order of the objective's columns; NaN: not to be had, or not asked for."""
    problems: tuple[tuple[str, Problem], ...]
    """Name of the measured value, and what went wrong with a molecule of the batch."""


def measure(smiles: Sequence[str], config: ObjectiveConfig) -> Measured:
    """All that an objective measures of molecules.

    Somebody else's code is asked last, and only for molecules that nothing has ruled out by then.
    """
    # Read anew wherever it is done: sums over atoms depend in the last bit on the atoms' order,
    # and a score must not depend on the route by which its molecule was found.
    molecules = [_parsed(one) for one in smiles]
    measures = _measures(config)
    asked = np.array([molecule is not None for molecule in molecules], dtype=np.bool_)
    values: dict[str, PerMolecule] = {}
    problems: list[tuple[str, Problem]] = []
    for label, one in sorted(measures.items(), key=lambda item: isinstance(item[1], Foreign)):
        if isinstance(one, Foreign):
            asked &= allowed(config, values, len(smiles))
        places = np.flatnonzero(asked)
        readings = _readings(one, [molecules[place] for place in places])
        values[label] = np.full(len(smiles), np.nan)
        values[label][places] = readings.values
        problems += [
            (label, problem._replace(row=int(places[problem.row]))) for problem in readings.problems
        ]
    return Measured({label: values[label] for label in measures}, tuple(problems))


def allowed(
    config: ObjectiveConfig, values: Mapping[str, PerMolecule], count: int
) -> Bool[np.ndarray, " molecule"]:
    """Whether each of `count` molecules meets the conditions and constraints measured so far."""
    meets = np.ones(count, dtype=np.bool_)
    conditions = _conditions(config.where)
    if conditions:
        for place in range(count):
            row = {name: float(values[name][place]) for name in conditions.names}
            meets[place] = conditions.hold(row)
    for constraint in config.constraint:
        if constraint.label in values:
            meets &= constraint.allows(values[constraint.label])
    return meets


def violations(config: ObjectiveConfig, smiles: Sequence[str]) -> list[str | None]:
    """The first condition that each molecule breaks, in words; None: it breaks none.

    Only what the toolkit measures itself is judged: somebody else's code costs time or money.
    """
    free = [one for one in config.constraint if not isinstance(one.measure, Foreign)]
    conditions = _conditions(config.where)
    if not free and conditions is None:
        return [None] * len(smiles)
    molecules = [_parsed(one) for one in smiles]
    reasons: list[str | None] = [None] * len(smiles)
    if conditions is not None:
        values = {
            name: _values(PropertyMeasure(property=name), molecules) for name in conditions.names
        }
        for row in range(len(smiles)):
            if not conditions.hold({name: float(column[row]) for name, column in values.items()}):
                reasons[row] = f"breaks {conditions.text!r}"
    for constraint in free:
        meets = constraint.allows(_values(constraint.measure, molecules))
        for row in np.flatnonzero(~meets).tolist():
            reasons[row] = reasons[row] or f"breaks constraint {constraint.label!r}"
    return reasons


def _values(
    one: Callable[[Sequence[Molecule]], Readings], molecules: Sequence[Molecule | None]
) -> PerMolecule:
    """A value for each molecule; NaN where there is none."""
    rows = [row for row, molecule in enumerate(molecules) if molecule is not None]
    values = np.full(len(molecules), np.nan)
    values[rows] = _readings(one, [molecules[row] for row in rows]).values
    return values


def _readings(
    one: Callable[[Sequence[Molecule]], Readings], molecules: Sequence[object]
) -> Readings:
    real = [molecule for molecule in molecules if isinstance(molecule, Molecule)]
    return one(real) if real else Readings(np.empty(0))


def _parsed(smiles: str) -> Molecule | None:
    try:
        return Molecule.parse(smiles)
    except MoleculeError:
        return None


@lru_cache(maxsize=16)
def _measures(config: ObjectiveConfig) -> Mapping[str, AnyMeasure]:
    return config.measures()


@lru_cache(maxsize=16)
def _conditions(where: str | None) -> Conditions | None:
    return Conditions.parse(where) if where else None
