"""LatentEvolution: children of the best points met, crossed and shaken."""

from math import exp

import numpy as np
from pydantic import Field, PositiveFloat

from molvae.optimize.latent_optimizer import (
    Latents,
    PerLatent,
    Prior,
    largest_radius,
    within_radius,
)
from molvae.optimize.state import State, generator_state, restored_generator
from molvae.settings import Settings

_SUCCESS_RATE = 0.2
_SHORTEST, _LONGEST = 0.01, 1.0


class EvolutionConfig(Settings):
    """How latent evolution breeds."""

    first_sample: int = Field(default=64, ge=2)
    """Draws from the prior before the first children; they cost as any other point does."""
    elites: int = Field(default=32, ge=2)
    """The best points met, of which children are bred."""
    fresh: float = Field(default=0.1, ge=0, le=1)
    """Share of later draws from the prior, which keeps new blood coming."""
    coordinates: float = Field(default=0.5, ge=0, le=1)
    """Share of crossings coordinate by coordinate; the rest lie on the arc between two elites."""
    step: float = Field(default=0.3, ge=_SHORTEST, le=_LONGEST)
    """Length of the first shakes, in standard deviations of the prior."""
    adaptation: PositiveFloat = 0.05
    """How fast that length follows the success of the children."""


class LatentEvolution:
    """A genetic search over points that uses nothing of the scores but their order.

    Parents are elites whose rank is drawn log-uniformly: the best most often, yet all at times
    (the quantiles of Mol GA, Tripp & Hernández-Lobato 2023). Children are crossed, then shaken.
    Shakes become longer while more than a fifth of the children beat their better parent and
    shorter otherwise (Rechenberg's 1/5 rule in the smooth form of Kern et al. 2004).

    Points with the very same score are mostly one molecule: the elite keeps the latest of them,
    and a child that has the score of an elite lets the shakes become longer, as that leads away.
    Points stay within the radius of the first draws, and are shaken in each coordinate by its
    deviation among those.
    """

    def __init__(self, prior: Prior, config: EvolutionConfig, seed: int) -> None:
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._waiting = prior(config.first_sample, self._generator)
        self._radius = largest_radius(self._waiting)
        self._deviation = self._waiting.std(axis=0)
        self._step = config.step
        # The best first.
        self._elites = self._waiting[:0]
        self._heights = np.empty(0)
        # The score of the better parent of each child of the last question.
        self._bars = np.empty(0)

    def ask(self, n: int) -> Latents:
        first, self._waiting = self._waiting[:n], self._waiting[n:]
        n -= len(first)
        share = self._config.fresh if len(self._elites) > 1 else 1.0
        fresh = int(self._generator.binomial(n, share))
        parents = self._parents(n - fresh)
        self._bars = self._heights[parents.min(axis=0)]
        children = self._shaken(self._crossed(self._elites[parents[0]], self._elites[parents[1]]))
        draws = self._prior(fresh, self._generator) if fresh else first[:0]
        # The children lead, so that their scores are found at the front.
        return np.concatenate([children, draws, first])

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        self._adapt(scores[: len(self._bars)])
        self._select(latents, scores)

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "radius": self._radius,
            "step": self._step,
        }
        arrays = {
            "waiting": self._waiting.copy(),
            "deviation": self._deviation.copy(),
            "elites": self._elites.copy(),
            "heights": self._heights.copy(),
        }
        return State(values, arrays)

    def restore(self, state: State) -> None:
        self._generator = restored_generator(state.values["generator"])
        self._radius = state.values["radius"]
        self._step = state.values["step"]
        self._waiting = state.arrays["waiting"].copy()
        self._deviation = state.arrays["deviation"].copy()
        self._elites = state.arrays["elites"].copy()
        self._heights = state.arrays["heights"].copy()

    def _adapt(self, scores: PerLatent) -> None:
        """Longer shakes after the children's successes, shorter ones after their failures."""
        # NaN compares false: where nothing decodes is a failure.
        successes = (scores > self._bars) | np.isin(scores, self._heights)
        surplus = int(successes.sum()) - _SUCCESS_RATE * len(scores)
        self._step *= exp(self._config.adaptation * surplus / (1 - _SUCCESS_RATE))
        self._step = min(max(self._step, _SHORTEST), _LONGEST)

    def _select(self, latents: Latents, scores: PerLatent) -> None:
        """Make the best of points and elites the new elites, one of each score."""
        scored = ~np.isnan(scores)
        # The latest first: of equal scores `unique` gives the first.
        pool = np.concatenate([latents[scored][::-1], self._elites])
        heights, places = np.unique(
            np.concatenate([scores[scored][::-1], self._heights]), return_index=True
        )
        best = slice(-1, -1 - self._config.elites, -1)
        self._elites, self._heights = pool[places[best]], heights[best]

    def _parents(self, n: int) -> np.ndarray:
        """Ranks, from 0, of both parents of `n` children."""
        last = len(self._elites) - 1
        ranks = (last + 2) ** self._generator.random((2, n)) - 1
        # Rounding may take the power to its bound.
        places: np.ndarray = np.minimum(ranks.astype(np.int64), last)
        return places

    def _crossed(self, first: Latents, second: Latents) -> Latents:
        """A point between each pair, coordinate by coordinate or on the arc."""
        by_coordinate = self._generator.random(len(first)) < self._config.coordinates
        # How much of the second parent there is.
        share = self._generator.random((len(first), 1))
        taken = self._generator.random(first.shape) < share
        mixed = np.where(taken, second, first)
        return np.where(by_coordinate[:, None], mixed, _on_the_arc(first, second, share))

    def _shaken(self, latents: Latents) -> Latents:
        noise = self._deviation * self._generator.standard_normal(latents.shape)
        return within_radius(latents + self._step * noise, self._radius)


def _on_the_arc(first: Latents, second: Latents, share: np.ndarray) -> Latents:
    """Points at a share of the way, turning evenly while the length changes evenly (slerp)."""
    lengths = [np.linalg.norm(ends, axis=1, keepdims=True) for ends in (first, second)]
    directions = [
        ends / np.maximum(length, 1e-12)
        for ends, length in zip((first, second), lengths, strict=True)
    ]
    cosine = (directions[0] * directions[1]).sum(axis=1, keepdims=True)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    # Of one direction, or opposite ones, there is no arc: the straight line then.
    flat = np.sin(angle) < 1e-6
    sine = np.where(flat, 1.0, np.sin(angle))
    begin = np.where(flat, 1 - share, np.sin((1 - share) * angle) / sine)
    end = np.where(flat, share, np.sin(share * angle) / sine)
    length = (1 - share) * lengths[0] + share * lengths[1]
    between: Latents = length * (begin * directions[0] + end * directions[1])
    return between
