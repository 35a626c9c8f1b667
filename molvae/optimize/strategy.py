"""Strategy: proposes molecules and learns from their scores; the loop's view of every method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64

from molvae.chem.molecule import Molecule
from molvae.optimize.constraints import Violation
from molvae.optimize.latent_model import LatentModel
from molvae.optimize.latent_optimizer import LatentOptimizer
from molvae.optimize.state import State


@dataclass(frozen=True)
class Proposal:
    """Something to score."""

    molecule: Molecule | None
    """None: what was proposed is no molecule."""
    z: Float[np.ndarray, " latent"] | None = None
    """Where in the latent space it was decoded from; None: it came from elsewhere."""
    source: str = "points"
    """What made it up, by the name that the method has for it."""


@runtime_checkable
class Strategy(Protocol):
    """A method of search that may look at molecules, points, or both."""

    def propose(self, n: int) -> Sequence[Proposal]:
        """At most `n` proposals; equal states give equal ones."""
        ...

    def left_out(self) -> Mapping[Violation, int]:
        """What it did not even propose in its last proposals as it may not be scored, by reason."""
        ...

    def learn(
        self, proposals: Sequence[Proposal], scores: Float64[np.ndarray, " proposal"]
    ) -> None:
        """Scores of all that was proposed last; NaN: no molecule, or one without a score."""
        ...

    def state(self) -> State:
        """All that `restore` needs to go on to the bit, as it is between `learn` and `propose`."""
        ...

    def restore(self, state: State) -> None:
        """Take up the state that a strategy of equal settings had."""
        ...


class LatentStrategy:
    """The molecules that a model decodes from the points of an optimiser."""

    def __init__(self, model: LatentModel, optimizer: LatentOptimizer) -> None:
        self._model = model
        self._optimizer = optimizer

    def propose(self, n: int) -> list[Proposal]:
        latents = self._optimizer.ask(n)
        molecules = self._model.decode(latents.astype(np.float32))
        return [Proposal(*pair) for pair in zip(molecules, latents, strict=True)]

    def left_out(self) -> Mapping[Violation, int]:
        return {}

    def learn(
        self, proposals: Sequence[Proposal], scores: Float64[np.ndarray, " proposal"]
    ) -> None:
        latents = np.array([proposal.z for proposal in proposals], dtype=np.float64)
        self._optimizer.tell(latents, scores)

    def state(self) -> State:
        return self._optimizer.state()

    def restore(self, state: State) -> None:
        self._optimizer.restore(state)
