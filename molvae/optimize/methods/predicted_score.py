"""PredictedScore: the score that a model's property head predicts for an objective."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64
from torch import Tensor

from molvae.errors import ConfigError
from molvae.model.heads import PropertyHead
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.chemical import PropertyMeasure
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective
from molvae.optimize.latent_model import LatentModel

_STEP = 0.01
"""Half the distance over which a curve's slope is measured, in deviations of the property."""

PerComponent = Float64[np.ndarray, "latent_vector component"]


@dataclass(frozen=True)
class PredictedScore:
    """The score of an objective, computed from a property head's predictions."""

    head: PropertyHead
    columns: tuple[int, ...]
    """Index among the head's properties for each component."""
    config: ObjectiveConfig

    @classmethod
    def of(cls, model: LatentModel, objective: Objective | None) -> "PredictedScore":
        """The score that the model predicts for the objective.

        A component that is no RDKit property is looked up by its name among the predicted ones.

        Raises:
            ConfigError: the model does not predict the objective's properties.
        """
        head = model.network.head if isinstance(model, MoleculeVAE) else None
        predicted = model.property_names if isinstance(model, MoleculeVAE) else ()
        config = objective.config if isinstance(objective, ConfiguredObjective) else None
        if objective and config is None:
            # An objective that no settings describe has a description of another form.
            with suppress(ConfigError):
                config = ObjectiveConfig.parse(objective.description)
        names = [
            component.measure.property
            if isinstance(component.measure, PropertyMeasure)
            else component.label
            for component in (config.component if config else ())
        ]
        if head is None or config is None or not set(names) <= set(predicted):
            needed = names or (objective.columns if objective else ())
            raise ConfigError(
                "gradient ascent needs an objective of properties that the model predicts: it "
                f"predicts {', '.join(predicted) or 'none'}, the objective asks for "
                f"{', '.join(needed) or 'none'}; train a model with `property_columns`, or use "
                "another method"
            )
        return cls(head, tuple(predicted.index(name) for name in names), config)

    def predictions(
        self, z: Float[Tensor, "latent_vector latent"]
    ) -> Float[Tensor, "latent_vector component"]:
        """The property of each component, in its own unit."""
        return self.head.predict(z)[:, list(self.columns)]

    def score(self, values: PerComponent) -> Float64[np.ndarray, " latent_vector"]:
        """Score of molecules with these properties."""
        components = self.config.component
        curves = [component.curve for component in components]
        if curves == [None]:
            return values[:, 0]
        # All have a curve: an objective of several components requires it.
        desirabilities = [
            curve(column) for curve, column in zip(curves, values.T, strict=True) if curve
        ]
        weights = np.array([component.weight for component in components])
        return self.config.aggregation.mean(np.stack(desirabilities), weights)

    def slopes(self, values: PerComponent) -> PerComponent:
        """Derivative of the score by each property: a central difference along each alone."""
        steps = _STEP * self.head.deviation.cpu().double().numpy()[list(self.columns)]
        slopes = [
            (self.score(values + step) - self.score(values - step)) / (2 * step.sum())
            for step in np.diag(steps)
        ]
        return np.stack(slopes, axis=1)
