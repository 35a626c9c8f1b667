"""Targets: property values that generated molecules should have, and how a model reaches them."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from molvae.chem.properties import PROPERTIES, find_property, property_suggestion
from molvae.errors import ConfigError
from molvae.molecule_vae import MoleculeVAE

_log = logging.getLogger("molvae")


@dataclass(frozen=True)
class Targets:
    """Target values of properties, and which of them the model is conditioned on or predicts."""

    values: Mapping[str, float]
    """Target by property."""
    tolerances: Mapping[str, float]
    """Largest accepted deviation, for the properties that have one."""
    condition_names: tuple[str, ...]
    """Conditions of the model."""
    predicted_names: tuple[str, ...]
    """Properties that the model predicts."""

    @classmethod
    def of(
        cls, model: MoleculeVAE, values: Mapping[str, float], tolerances: Mapping[str, float]
    ) -> "Targets":
        """The targets for a model, without any check."""
        return cls(values, tolerances, model.condition_names, model.property_names)

    @classmethod
    def resolve(
        cls, model: MoleculeVAE, values: Mapping[str, float], tolerances: Mapping[str, float]
    ) -> "Targets":
        """The targets for a model; a warning is logged for conditions outside its training data.

        Raises:
            ConfigError: a property is unknown to molvae and to the model, a computed property never
                has that value, or a tolerance belongs to no target.
        """
        targets = cls.of(model, values, tolerances)
        for name, value in values.items():
            targets._check(name, value)
        if without_target := [name for name in tolerances if name not in values]:
            raise ConfigError(
                f"`tolerance` of {', '.join(without_target)}: there is no such `target`; add it"
            )
        ranges = model.condition_ranges
        for name, value in targets.conditions.items():
            low, high = ranges[name]
            if not low <= value <= high:
                _log.warning(
                    f"the target {name} = {value:g} is outside the training data of the model, "
                    f"which range from {low:g} to {high:g}"
                )
        return targets

    @property
    def conditions(self) -> dict[str, float]:
        """The targets that the model is given as conditions."""
        return {name: value for name, value in self.values.items() if name in self.condition_names}

    @property
    def needs_moves(self) -> bool:
        """Whether the model is not conditioned on one of the targets."""
        return len(self.conditions) < len(self.values)

    @property
    def names_to_check(self) -> tuple[str, ...]:
        """The properties that decide whether a molecule is accepted."""
        return tuple(
            name
            for name in self.values
            if name in self.tolerances or name not in self.condition_names
        )

    @property
    def names_to_compute(self) -> tuple[str, ...]:
        """The properties that can be computed."""
        return tuple(name for name in self.values if name in PROPERTIES)

    @property
    def names_to_predict(self) -> tuple[str, ...]:
        """The properties that cannot be computed, but are predicted by the model."""
        return tuple(
            name for name in self.values if name not in PROPERTIES and name in self.predicted_names
        )

    def deviation(self, values: Mapping[str, float], tolerances: Mapping[str, float]) -> float:
        """Largest distance of a checked property from its target, in tolerances.

        It is infinite if a value or a tolerance is not known.
        """
        deviations = [
            abs(values[name] - self.values[name]) / tolerances[name]
            if name in tolerances and not math.isnan(values.get(name, math.nan))
            else math.inf
            for name in self.names_to_check
        ]
        return max(deviations, default=0.0)

    def _check(self, name: str, value: float) -> None:
        if name in PROPERTIES:
            low, high = find_property(name).low, find_property(name).high
            if not low <= value <= high:
                raise ConfigError(
                    f"`target` {name} = {value:g}: the property ranges from {low:g} to {high:g}"
                )
        elif name not in (*self.condition_names, *self.predicted_names):
            raise ConfigError(
                f"`target` {name}: the property is not computed{property_suggestion(name)}; nor "
                "does the model know it: train with `condition_on` or `property_columns`"
            )
