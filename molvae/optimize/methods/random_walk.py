"""RandomWalk: hill climbers that accept random steps unless the score falls."""

from math import inf

import numpy as np

from molvae.optimize.latent_optimizer import (
    Latents,
    PerLatent,
    Prior,
    largest_radius,
    within_radius,
)
from molvae.optimize.methods.random_walk_config import RandomWalkConfig
from molvae.optimize.state import State, generator_state, restore_generator


class RandomWalk:
    """Independent hill climbers, each with its own position and score.

    A step is that of the preconditioned Crank-Nicolson walk (Cotter et al. 2013, eq. 1.3),
    sqrt(1 - step²) position + step sample: it preserves a standard normal prior, where a plain
    Gaussian step drifts outwards. Climbers may drift all the same, so latent vectors stay within
    the radius of the walkers' first positions.
    """

    def __init__(self, prior: Prior, config: RandomWalkConfig, seed: int) -> None:
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._positions = prior(config.walkers, self._generator)
        self._radius = largest_radius(self._positions)
        # Minus infinity until a walker has been at a latent vector with a score.
        self._scores = np.full(config.walkers, -inf)
        self._next = 0

    def ask(self, n: int) -> Latents:
        draws = self._prior(n, self._generator)
        walkers = self._walkers(n)
        share = self._config.step
        steps = np.sqrt(1 - share**2) * self._positions[walkers] + share * draws
        steps = within_radius(steps, self._radius)
        is_lost = np.isneginf(self._scores[walkers])
        latents: Latents = np.where(is_lost[:, None], draws, steps)
        return latents

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        # NaN compares false, so that no walker moves to where nothing decodes.
        for walker, z, score in zip(self._walkers(len(latents)), latents, scores, strict=True):
            if score >= self._scores[walker]:
                self._positions[walker], self._scores[walker] = z, score
        self._next = (self._next + len(latents)) % self._config.walkers

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "next": self._next,
            "radius": self._radius,
        }
        return State(values, {"positions": self._positions.copy(), "scores": self._scores.copy()})

    def restore(self, state: State) -> None:
        self._generator = restore_generator(state.values["generator"])
        self._next = state.values["next"]
        self._radius = state.values["radius"]
        self._positions = state.arrays["positions"].copy()
        self._scores = state.arrays["scores"].copy()

    def _walkers(self, n: int) -> np.ndarray:
        """The walkers that take the next `n` steps, in turn."""
        return (self._next + np.arange(n)) % self._config.walkers
