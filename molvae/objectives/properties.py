"""PropertyObjective: properties of a molecule, each through its curve, averaged to one score."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from math import nan
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from molvae.chem.conditions import Conditions
from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.errors import MoleculeError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.objective import PerMolecule, Scores
from molvae.parallel import ordered_map

# Below this, sending molecules to other processes costs more than it saves.
_WORTH_SPREADING = 2_000
_PER_WORKER = 250


class PropertyObjective:
    """The objective of an objective file, over properties that RDKit computes."""

    def __init__(self, config: ObjectiveConfig, workers: int = 1) -> None:
        self._config = config
        self._workers = workers
        self._conditions = Conditions.parse(config.where) if config.where else None
        conditioned = self._conditions.names if self._conditions else ()
        wanted = [component.property for component in config.component]
        self._columns = tuple(dict.fromkeys([*wanted, *conditioned]))

    @classmethod
    def load(cls, path: Path, workers: int = 1) -> "PropertyObjective":
        """The objective that a TOML file describes.

        Raises:
            ConfigError: no such file, or mistakes in it.
        """
        return cls(ObjectiveConfig.load(path), workers)

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    @property
    def description(self) -> Mapping[str, JsonValue]:
        described: dict[str, JsonValue] = self._config.model_dump(mode="json")
        return described

    def score(self, molecules: Sequence[Molecule]) -> Scores:
        values = self._measure(molecules)
        desirabilities = {
            component.property: component.desirability(values[component.property])
            for component in self._config.component
            if component.desirability is not None
        }
        total = self._aggregate(values, desirabilities)
        return Scores(np.where(self._allowed(values), total, nan), values, desirabilities)

    def _measure(self, molecules: Sequence[Molecule]) -> dict[str, PerMolecule]:
        measure = partial(_rows, names=self._columns)
        smiles = [molecule.smiles for molecule in molecules]
        workers = self._workers if len(smiles) >= _WORTH_SPREADING else 1
        pieces = [tuple(smiles[i : i + _PER_WORKER]) for i in range(0, len(smiles), _PER_WORKER)]
        rows = list(chain.from_iterable(ordered_map(measure, pieces, workers)))
        table = np.array(rows, dtype=np.float64).reshape(len(smiles), len(self._columns))
        return {name: table[:, column] for column, name in enumerate(self._columns)}

    def _aggregate(
        self, values: Mapping[str, PerMolecule], desirabilities: Mapping[str, PerMolecule]
    ) -> PerMolecule:
        if not desirabilities:
            return values[self._config.component[0].property]
        weights = np.array([component.weight for component in self._config.component])
        welcome = np.stack([desirabilities[one.property] for one in self._config.component])
        return self._config.aggregation.mean(welcome, weights)

    def _allowed(self, values: Mapping[str, PerMolecule]) -> np.ndarray:
        """Per molecule, whether the conditions hold."""
        count = len(next(iter(values.values())))
        if self._conditions is None:
            return np.ones(count, dtype=np.bool_)
        rows = ({name: float(values[name][i]) for name in values} for i in range(count))
        return np.array([self._conditions.hold(row) for row in rows], dtype=np.bool_)


def _rows(smiles: Sequence[str], names: Sequence[str]) -> list[list[float]]:
    return [_row(one, names) for one in smiles]


def _row(smiles: str, names: Sequence[str]) -> list[float]:
    # Read anew in this process too: sums over atoms depend in the last bit on the atoms' order,
    # and a score must not depend on the route by which its molecule was found.
    try:
        molecule = Molecule.parse(smiles)
    except MoleculeError:
        return [nan] * len(names)
    return list(property_values(molecule, names).values())
