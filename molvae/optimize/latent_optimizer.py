"""LatentOptimizer: proposes points, is told their scores, and knows of nothing else."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from molvae.optimize.state import State

Latents = Float64[np.ndarray, "point latent"]
PerLatent = Float64[np.ndarray, " point"]

Prior = Callable[[int, np.random.Generator], Latents]
"""Draws points from where the model expects molecules to lie."""


@runtime_checkable
class LatentOptimizer(Protocol):
    """A search over points for high scores, blind to molecules and objectives.

    It owns its random generator: equal seeds and equal answers give equal questions.
    """

    def ask(self, n: int) -> Latents:
        """The next points to score, `n` or fewer, but one at least."""
        ...

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        """Scores of all points of the last `ask`, in their order.

        NaN: nothing could be decoded there, or it has no score; worse than any score.
        A point whose molecule was met before has that molecule's score.
        """
        ...

    def state(self) -> State:
        """All that `restore` needs to go on to the bit, as it is between `tell` and `ask`."""
        ...

    def restore(self, state: State) -> None:
        """Take up the state that an optimiser of equal settings had."""
        ...


def within_radius(latents: Latents, radius: float) -> Latents:
    """The points, those further from the origin than `radius` pulled back to it."""
    norms = np.linalg.norm(latents, axis=1, keepdims=True)
    within: Latents = latents * np.minimum(1.0, radius / np.maximum(norms, 1e-12))
    return within


def largest_radius(latents: Latents) -> float:
    """How far from the origin the points reach."""
    return float(np.linalg.norm(latents, axis=1).max())
