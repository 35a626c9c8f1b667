"""What is done to a portion of molecules, in whatever process: read them, measure what is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float64

from molvae.chem.conditions import Conditions
from molvae.chem.molecule import Molecule
from molvae.errors import MoleculeError
from molvae.objectives.components import AnyMeasure
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.measure import Foreign, Readings

PerMolecule = Float64[np.ndarray, " molecule"]


@dataclass(frozen=True)
class Measured:
    """The readings of a portion of molecules."""

    values: Mapping[str, PerMolecule]
    """By name, in the order of the objective's columns; NaN: not to be had, or not asked for."""
    problems: tuple[tuple[int, str, str], ...]
    """Place in the portion, name of what was measured, what went wrong."""


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
    problems: list[tuple[int, str, str]] = []
    for label, one in sorted(measures.items(), key=lambda item: isinstance(item[1], Foreign)):
        if isinstance(one, Foreign):
            asked &= allowed(config, values, len(smiles))
        places = np.flatnonzero(asked)
        readings = _readings(one, [molecules[place] for place in places])
        values[label] = np.full(len(smiles), np.nan)
        values[label][places] = readings.values
        problems += [(int(places[place]), label, what) for place, what in readings.problems]
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
