"""LatentOptimizer: proposes latent vectors, is told their scores, and knows nothing else."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from molvae.optimize.state import State

Latents = Float64[np.ndarray, "latent_vector latent"]
PerLatent = Float64[np.ndarray, " latent_vector"]

Prior = Callable[[int, np.random.Generator], Latents]
"""Draws latent vectors from where the model expects molecules."""


@runtime_checkable
class LatentOptimizer(Protocol):
    """Optimizer of latent vectors, blind to molecules and objectives.

    It owns its random generator: equal seeds and equal scores give equal latent vectors.

    Example:
        A method that draws from a standard normal distribution whatever the scores:

        >>> import numpy as np
        >>> class Normal:
        ...     def __init__(self, seed):
        ...         self.generator = np.random.default_rng(seed)
        ...     def ask(self, n):
        ...         return self.generator.standard_normal((n, 8))
        ...     def tell(self, latents, scores):
        ...         pass
        ...     def state(self):
        ...         return State({"generator": generator_state(self.generator)})
        ...     def restore(self, state):
        ...         self.generator = restore_generator(state.values["generator"])
        >>> isinstance(Normal(0), LatentOptimizer)
        True
    """

    def ask(self, n: int) -> Latents:
        """The next latent vectors to score: at least one, at most `n`."""
        ...

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        """Scores of all latent vectors of the last `ask`, in their order.

        NaN: nothing could be decoded there, or the molecule has no score; worse than any score.
        A latent vector whose molecule is known already has that molecule's score.
        """
        ...

    def state(self) -> State:
        """Everything that `restore` needs to continue bit for bit, between `tell` and `ask`."""
        ...

    def restore(self, state: State) -> None:
        """Continue from the state of an optimizer with the same settings."""
        ...


def within_radius(latents: Latents, radius: float) -> Latents:
    """The latent vectors, with those longer than `radius` scaled down to it."""
    norms = np.linalg.norm(latents, axis=1, keepdims=True)
    within: Latents = latents * np.minimum(1.0, radius / np.maximum(norms, 1e-12))
    return within


def largest_radius(latents: Latents) -> float:
    """Largest distance of a latent vector from the origin."""
    return float(np.linalg.norm(latents, axis=1).max())
