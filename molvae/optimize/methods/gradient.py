"""GradientAscent: climbs what the model's property head predicts, and has the points scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from jaxtyping import Float, Float64
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from molvae.errors import ConfigError
from molvae.model.heads import PropertyHead
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.chemical import PropertyMeasure
from molvae.objectives.components import ComponentConfig
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective
from molvae.optimize.constraints import Violation
from molvae.optimize.latent_model import LatentModel
from molvae.optimize.latent_optimizer import Latents, Prior
from molvae.optimize.state import State, generator_state, restored_generator
from molvae.optimize.strategy import Proposal
from molvae.settings import Settings

_SAMPLE = 128
"""Draws of the prior from which its shell and its deviations are taken."""

_STEP = 0.01
"""Half the distance over which a curve's slope is measured, in deviations of the property."""

PerComponent = Float64[np.ndarray, "point component"]


class GradientConfig(Settings):
    """How the head's predictions are climbed."""

    steps: PositiveInt = 10
    """Steps between two points of an ascent that are decoded and scored."""
    stops: PositiveInt = 5
    """Points of an ascent that are decoded and scored; the next then begins at a fresh draw."""
    learning_rate: PositiveFloat = 0.05
    """Adam's; in standard deviations of the prior."""
    shell: PositiveFloat = 0.01
    """Weight of the penalty that keeps points as near the origin as the prior's draws."""


class GradientAscent:
    """Adam on the score that the property head predicts (Gómez-Bombarelli et al. 2018).

    Ascents begin at draws of the prior and climb score - shell / 2 · max(0, |z|² - d)², with d
    the mean |z|² of the prior's draws: the dimensions for a normal prior, less for a learned one.
    Where the curves are flat there is nothing to climb; conditions and constraints are left to the
    objective itself. The scores teach it nothing: the head is all that it follows.
    """

    def __init__(
        self,
        model: LatentModel,
        goal: "PredictedScore",
        prior: Prior,
        config: GradientConfig,
        seed: int,
    ) -> None:
        self._model = model
        self._goal = goal
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        sample = prior(_SAMPLE, self._generator)
        self._squared_radius = float((sample**2).sum(axis=1).mean())
        self._deviation = sample.std(axis=0)

    def propose(self, n: int) -> list[Proposal]:
        starts = self._prior(ceil(n / self._config.stops), self._generator)
        latents = self._climbed(starts)[:n]
        molecules = self._model.decode(latents)
        return [
            Proposal(molecule, z, "ascent") for molecule, z in zip(molecules, latents, strict=True)
        ]

    def left_out(self) -> Mapping[Violation, int]:
        return {}

    def learn(
        self, proposals: Sequence[Proposal], scores: Float64[np.ndarray, " proposal"]
    ) -> None:
        pass

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "squared_radius": self._squared_radius,
        }
        return State(values, {"deviation": self._deviation.copy()})

    def restore(self, state: State) -> None:
        self._generator = restored_generator(state.values["generator"])
        self._squared_radius = state.values["squared_radius"]
        self._deviation = state.arrays["deviation"].copy()

    def _climbed(self, starts: Float64[np.ndarray, "start latent"]) -> Latents:
        """The stops of each ascent, one ascent after the other."""
        start, unit = self._tensor(starts), self._tensor(self._deviation)
        # In the prior's deviations, so that no dimension is left sooner than another.
        moved = torch.zeros_like(start)
        adam = torch.optim.Adam([moved], lr=self._config.learning_rate, maximize=True)
        stops = []
        for _ in range(self._config.stops):
            for _ in range(self._config.steps):
                moved.grad = unit * self._gradient(start + unit * moved)
                adam.step()
            stops.append((start + unit * moved).cpu().double().numpy())
        climbed: Latents = np.stack(stops, axis=1).reshape(-1, starts.shape[1])
        return climbed

    def _gradient(self, z: Float[Tensor, "point latent"]) -> Float[Tensor, "point latent"]:
        """Of the predicted score less the penalty, at each point."""
        z = z.detach().requires_grad_()
        values = self._goal.predictions(z)
        slopes = self._tensor(self._goal.slopes(values.detach().cpu().double().numpy()))
        beyond = (z.square().sum(1) - self._squared_radius).clamp(min=0)
        # Its gradient is that of the score, by the chain rule.
        climb = (slopes * values).sum() - 0.5 * self._config.shell * beyond.square().sum()
        return torch.autograd.grad(climb, z)[0]

    def _tensor(self, array: Float64[np.ndarray, "..."]) -> Float[Tensor, "..."]:
        return torch.as_tensor(array, dtype=torch.float32, device=self._goal.head.mean.device)


@dataclass(frozen=True)
class PredictedScore:
    """What an objective makes of a property head's predictions."""

    head: PropertyHead
    columns: tuple[int, ...]
    """Which of the head's properties is that of each component."""
    config: ObjectiveConfig

    @classmethod
    def of(cls, model: LatentModel, objective: Objective | None) -> "PredictedScore":
        """The score that the model predicts for the objective.

        A component that is no property of RDKit is looked for by its name among the predicted.

        Raises:
            ConfigError: the model does not predict what the objective is made of.
        """
        head = model.network.head if isinstance(model, MoleculeVAE) else None
        predicted = model.property_names if isinstance(model, MoleculeVAE) else ()
        config = _described(objective)
        asked = [_property(one) for one in config.component] if config else []
        if head is None or config is None or not set(asked) <= set(predicted):
            raise ConfigError(_misfit(predicted, asked, objective))
        return cls(head, tuple(predicted.index(one) for one in asked), config)

    def predictions(self, z: Float[Tensor, "point latent"]) -> Float[Tensor, "point component"]:
        """The property of each component, in its own unit."""
        return self.head.predict(z)[:, list(self.columns)]

    def score(self, values: PerComponent) -> Float64[np.ndarray, " point"]:
        """The score of molecules with these properties."""
        components = self.config.component
        curves = [one.curve for one in components]
        if curves == [None]:
            return values[:, 0]
        # All have a curve: an objective of several cannot be made otherwise.
        welcome = [curve(one) for curve, one in zip(curves, values.T, strict=True) if curve]
        weights = np.array([one.weight for one in components])
        return self.config.aggregation.mean(np.stack(welcome), weights)

    def slopes(self, values: PerComponent) -> PerComponent:
        """How the score changes with each property: a central difference along each alone."""
        steps = _STEP * self.head.deviation.cpu().double().numpy()[list(self.columns)]
        found = [
            (self.score(values + step) - self.score(values - step)) / (2 * step.sum())
            for step in np.diag(steps)
        ]
        return np.stack(found, axis=1)


def _described(objective: Objective | None) -> ObjectiveConfig | None:
    """The settings that describe an objective; None where it is described by none."""
    if isinstance(objective, ConfiguredObjective):
        return objective.config
    try:
        return ObjectiveConfig.parse(objective.description) if objective else None
    except ConfigError:
        return None


def _property(component: ComponentConfig) -> str:
    measure = component.measure
    return measure.property if isinstance(measure, PropertyMeasure) else component.label


def _misfit(predicted: Sequence[str], asked: Sequence[str], objective: Objective | None) -> str:
    wanted = asked or (objective.columns if objective else ())
    return (
        "gradient ascent needs an objective of properties that the model predicts: it predicts "
        f"{', '.join(predicted) or 'none'}, the objective asks for {', '.join(wanted) or 'none'}; "
        "train a model with `property_columns`, or use another method"
    )
