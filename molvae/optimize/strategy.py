"""Strategy: the interface of every method of search, asked for candidates and told their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from molvae.objectives.objective import Objective
from molvae.optimize.candidate import Candidate
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.latent_model import LatentModel
from molvae.optimize.latent_optimizer import LatentOptimizer, Latents
from molvae.optimize.state import State


@runtime_checkable
class Strategy(Protocol):
    """A method of search that may look at molecules, latent vectors, or both."""

    @property
    def initial_calls(self) -> int:
        """Calls spent on a first sample before the method starts to search."""
        ...

    def ask(self, n: int) -> Sequence[Candidate]:
        """At most `n` candidates; strategies in equal states return equal candidates."""
        ...

    def tell(
        self, candidates: Sequence[Candidate], scores: Float64[np.ndarray, " candidate"]
    ) -> None:
        """Scores of all candidates of the last `ask`; NaN: no molecule, rejected, or no score."""
        ...

    def state(self) -> State:
        """Everything that `restore` needs to continue bit for bit, between `tell` and `ask`."""
        ...

    def restore(self, state: State) -> None:
        """Continue from the state of a strategy with the same settings."""
        ...


@dataclass(frozen=True)
class SearchContext:
    """Everything that a method may need to build its strategy."""

    model: LatentModel
    constraints: HardConstraints
    objective: Objective | None = None
    """None: the method is not told what is optimized."""
    seed: int = 0
    lead_scale: float = 1.0
    """Distance from the lead at which the search starts, in posterior standard deviations."""

    def prior(self, n: int, generator: np.random.Generator) -> Latents:
        """`n` latent vectors around the lead, or from the model's prior where there is no lead."""
        lead = self.constraints.lead
        if lead is None:
            return self.model.prior_latents(n, generator).astype(np.float64)
        return self.model.neighbors([lead] * n, self.lead_scale, generator).astype(np.float64)


class LatentStrategy:
    """Decodes the latent vectors of an optimizer to molecules."""

    def __init__(
        self, model: LatentModel, optimizer: LatentOptimizer, initial_calls: int = 0
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._initial_calls = initial_calls

    @property
    def initial_calls(self) -> int:
        return self._initial_calls

    def ask(self, n: int) -> list[Candidate]:
        latents = self._optimizer.ask(n)
        molecules = self._model.decode(latents.astype(np.float32))
        return [Candidate.of(molecule, z) for molecule, z in zip(molecules, latents, strict=True)]

    def tell(
        self, candidates: Sequence[Candidate], scores: Float64[np.ndarray, " candidate"]
    ) -> None:
        latents = np.array([candidate.z for candidate in candidates], dtype=np.float64)
        self._optimizer.tell(latents, scores)

    def state(self) -> State:
        return self._optimizer.state()

    def restore(self, state: State) -> None:
        self._optimizer.restore(state)
