"""PriorSampling: samples of the prior, whatever the scores; the control of every benchmark."""

import numpy as np

from molvae.optimize.latent_optimizer import Latents, PerLatent, Prior
from molvae.optimize.state import State, generator_state, restore_generator


class PriorSampling:
    """Random search."""

    def __init__(self, prior: Prior, seed: int) -> None:
        self._prior = prior
        self._generator = np.random.default_rng(seed)

    def ask(self, n: int) -> Latents:
        return self._prior(n, self._generator)

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        pass

    def state(self) -> State:
        return State({"generator": generator_state(self._generator)})

    def restore(self, state: State) -> None:
        self._generator = restore_generator(state.values["generator"])
