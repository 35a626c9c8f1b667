"""RandomWalk: walkers that take random steps and keep those that do not lead down."""

from math import inf

import numpy as np
from pydantic import Field, PositiveInt

from molvae.optimize.latent_optimizer import (
    Latents,
    PerLatent,
    Prior,
    largest_radius,
    within_radius,
)
from molvae.optimize.state import State, generator_state, restored_generator
from molvae.settings import Settings


class RandomWalkConfig(Settings):
    """How the walkers walk."""

    walkers: PositiveInt = 16
    step: float = Field(default=0.3, gt=0, le=1)
    """Share of the prior in a step: near 0 a walker stays put, at 1 each step is a fresh draw."""


class RandomWalk:
    """Independent hill climbers, each with its own place and its own score.

    A step is that of the preconditioned Crank-Nicolson walk (Cotter et al. 2013, eq. 1.3),
    sqrt(1 - step²) place + step draw: it leaves a standard normal prior as it is, where a plain
    Gaussian step drifts outwards. Those that only ever climb may drift all the same, so points
    stay within the radius of the places from which the walkers set out.
    """

    def __init__(self, prior: Prior, config: RandomWalkConfig, seed: int) -> None:
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._places = prior(config.walkers, self._generator)
        self._radius = largest_radius(self._places)
        # Minus infinity until a walker has stood on a point with a score.
        self._heights = np.full(config.walkers, -inf)
        self._next = 0

    def ask(self, n: int) -> Latents:
        draws = self._prior(n, self._generator)
        walkers = self._walkers(n)
        share = self._config.step
        steps = np.sqrt(1 - share**2) * self._places[walkers] + share * draws
        steps = within_radius(steps, self._radius)
        lost = np.isneginf(self._heights[walkers])
        latents: Latents = np.where(lost[:, None], draws, steps)
        return latents

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        # NaN compares false, so that no walker goes where nothing decodes.
        for walker, z, score in zip(self._walkers(len(latents)), latents, scores, strict=True):
            if score >= self._heights[walker]:
                self._places[walker], self._heights[walker] = z, score
        self._next = (self._next + len(latents)) % self._config.walkers

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "next": self._next,
            "radius": self._radius,
        }
        return State(values, {"places": self._places.copy(), "heights": self._heights.copy()})

    def restore(self, state: State) -> None:
        self._generator = restored_generator(state.values["generator"])
        self._next = state.values["next"]
        self._radius = state.values["radius"]
        self._places = state.arrays["places"].copy()
        self._heights = state.arrays["heights"].copy()

    def _walkers(self, n: int) -> np.ndarray:
        """Whose step each of the next `n` points is: all in turn."""
        return (self._next + np.arange(n)) % self._config.walkers
