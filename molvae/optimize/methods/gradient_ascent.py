"""GradientAscent: climbs the score that the model's property head predicts."""

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from molvae.optimize.candidate import Candidate
from molvae.optimize.latent_model import LatentModel
from molvae.optimize.latent_optimizer import Latents, Prior
from molvae.optimize.methods.gradient_config import GradientConfig
from molvae.optimize.methods.predicted_score import PredictedScore
from molvae.optimize.state import State, generator_state, restore_generator

_SAMPLE = 128
"""Prior samples from which the shell and the standard deviations are computed."""


class GradientAscent:
    """Adam on the score that the property head predicts (Gómez-Bombarelli et al. 2018).

    Ascents start at prior samples and climb score - shell / 2 · max(0, |z|² - d)², with d the mean
    |z|² of the prior samples: the number of dimensions for a normal prior, less for a learned one.
    Where the curves are flat there is nothing to climb; conditions and constraints are left to the
    objective itself. The scores are not used: the method follows the head alone.
    """

    def __init__(
        self,
        model: LatentModel,
        score: PredictedScore,
        prior: Prior,
        config: GradientConfig,
        seed: int,
    ) -> None:
        self._model = model
        self._score = score
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        sample = prior(_SAMPLE, self._generator)
        self._squared_radius = float((sample**2).sum(axis=1).mean())
        self._deviation = sample.std(axis=0)

    @property
    def initial_calls(self) -> int:
        return 0

    def ask(self, n: int) -> list[Candidate]:
        starts = self._prior(ceil(n / self._config.stops), self._generator)
        latents = self._climb(starts)[:n]
        molecules = self._model.decode(latents.astype(np.float32))
        return [
            Candidate.of(molecule, z, "ascent")
            for molecule, z in zip(molecules, latents, strict=True)
        ]

    def tell(
        self, candidates: Sequence[Candidate], scores: Float64[np.ndarray, " candidate"]
    ) -> None:
        pass

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "squared_radius": self._squared_radius,
        }
        return State(values, {"deviation": self._deviation.copy()})

    def restore(self, state: State) -> None:
        self._generator = restore_generator(state.values["generator"])
        self._squared_radius = state.values["squared_radius"]
        self._deviation = state.arrays["deviation"].copy()

    def _climb(self, starts: Float64[np.ndarray, "start latent"]) -> Latents:
        """The stops of each ascent, one ascent after the other."""
        start, unit = self._tensor(starts), self._tensor(self._deviation)
        # In standard deviations of the prior, so that all dimensions move alike.
        moved = torch.zeros_like(start)
        adam = torch.optim.Adam([moved], lr=self._config.learning_rate, maximize=True)
        stops = []
        for _ in range(self._config.stops):
            for _ in range(self._config.steps):
                moved.grad = unit * self._gradient(start + unit * moved)
                adam.step()
            stops.append((start + unit * moved).cpu().double().numpy())
        latents: Latents = np.stack(stops, axis=1).reshape(-1, starts.shape[1])
        return latents

    def _gradient(
        self, z: Float[Tensor, "latent_vector latent"]
    ) -> Float[Tensor, "latent_vector latent"]:
        """Gradient of the predicted score minus the penalty."""
        z = z.detach().requires_grad_()
        values = self._score.predictions(z)
        slopes = self._tensor(self._score.slopes(values.detach().cpu().double().numpy()))
        excess = (z.square().sum(1) - self._squared_radius).clamp(min=0)
        # By the chain rule this has the gradient of the score.
        climb = (slopes * values).sum() - 0.5 * self._config.shell * excess.square().sum()
        return torch.autograd.grad(climb, z)[0]

    def _tensor(self, array: Float64[np.ndarray, "..."]) -> Float[Tensor, "..."]:
        return torch.as_tensor(array, dtype=torch.float32, device=self._score.head.mean.device)
