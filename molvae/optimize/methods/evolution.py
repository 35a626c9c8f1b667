"""LatentEvolution: a genetic algorithm on latent vectors."""

from math import exp

import numpy as np

from molvae.optimize.latent_optimizer import (
    Latents,
    PerLatent,
    Prior,
    largest_radius,
    within_radius,
)
from molvae.optimize.methods.evolution_config import LONGEST, SHORTEST, EvolutionConfig
from molvae.optimize.state import State, generator_state, restore_generator

_SUCCESS_RATE = 0.2


class LatentEvolution:
    """Genetic algorithm on latent vectors that uses only the order of the scores.

    Ranks of parents among the elites are drawn log-uniformly, so that the best are chosen most
    often (the quantiles of Mol GA, Tripp & Hernández-Lobato 2023). A child is a crossover followed
    by a mutation. Mutations become longer while more than a fifth of the children beat their better
    parent and shorter otherwise (Rechenberg's 1/5 rule, in the smooth form of Kern et al. 2004).

    Latent vectors with equal scores mostly decode to the same molecule: the elites keep the latest
    of them, and a child with the score of an elite counts as a success, as longer mutations lead
    away from it. Latent vectors stay within the radius of the first sample; a mutation moves each
    coordinate in proportion to its standard deviation there.
    """

    def __init__(self, prior: Prior, config: EvolutionConfig, seed: int) -> None:
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._waiting = prior(config.first_sample, self._generator)
        self._radius = largest_radius(self._waiting)
        self._deviation = self._waiting.std(axis=0)
        self._step = config.step
        self._elites = self._waiting[:0]
        self._elite_scores = np.empty(0)
        # Score of the better parent of each child of the last `ask`.
        self._parent_scores = np.empty(0)

    def ask(self, n: int) -> Latents:
        first, self._waiting = self._waiting[:n], self._waiting[n:]
        n -= len(first)
        share = self._config.fresh if len(self._elites) > 1 else 1.0
        fresh = int(self._generator.binomial(n, share))
        children = self._children(n - fresh)
        draws = self._prior(fresh, self._generator) if fresh else first[:0]
        # Children come first, so that their scores are at the front.
        return np.concatenate([children, draws, first])

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        # Lengthen mutations after successes of the children, shorten them after failures. NaN
        # compares false: a child that decodes to nothing is a failure.
        of_children = scores[: len(self._parent_scores)]
        successes = (of_children > self._parent_scores) | np.isin(of_children, self._elite_scores)
        surplus = int(successes.sum()) - _SUCCESS_RATE * len(of_children)
        self._step *= exp(self._config.adaptation * surplus / (1 - _SUCCESS_RATE))
        self._step = min(max(self._step, SHORTEST), LONGEST)
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
            "elite_scores": self._elite_scores.copy(),
        }
        return State(values, arrays)

    def restore(self, state: State) -> None:
        self._generator = restore_generator(state.values["generator"])
        self._radius = state.values["radius"]
        self._step = state.values["step"]
        self._waiting = state.arrays["waiting"].copy()
        self._deviation = state.arrays["deviation"].copy()
        self._elites = state.arrays["elites"].copy()
        self._elite_scores = state.arrays["elite_scores"].copy()

    def _select(self, latents: Latents, scores: PerLatent) -> None:
        """Keep the best of the elites and the new latent vectors, one for each score."""
        scored = ~np.isnan(scores)
        # The latest first, as `unique` returns the first of equal scores.
        pool = np.concatenate([latents[scored][::-1], self._elites])
        distinct, rows = np.unique(
            np.concatenate([scores[scored][::-1], self._elite_scores]), return_index=True
        )
        best = slice(-1, -1 - self._config.elites, -1)
        self._elites, self._elite_scores = pool[rows[best]], distinct[best]

    def _children(self, n: int) -> Latents:
        """Mutated latent vectors between pairs of elites, by coordinate or on the arc."""
        # Ranks of both parents of each child, from 0. Rounding may take the power to its bound.
        last = len(self._elites) - 1
        ranks = (last + 2) ** self._generator.random((2, n)) - 1
        parents = np.minimum(ranks.astype(np.int64), last)
        self._parent_scores = self._elite_scores[parents.min(axis=0)]
        first, second = self._elites[parents[0]], self._elites[parents[1]]
        by_coordinate = self._generator.random((n, 1)) < self._config.coordinates
        # Fraction of the second parent.
        share = self._generator.random((n, 1))
        mixed = np.where(self._generator.random(first.shape) < share, second, first)
        children = np.where(by_coordinate, mixed, _on_the_arc(first, second, share))
        noise = self._deviation * self._generator.standard_normal(children.shape)
        return within_radius(children + self._step * noise, self._radius)


def _on_the_arc(first: Latents, second: Latents, share: np.ndarray) -> Latents:
    """Spherical interpolation (slerp) of the directions, linear interpolation of the lengths."""
    lengths = [np.linalg.norm(ends, axis=1, keepdims=True) for ends in (first, second)]
    directions = [
        ends / np.maximum(length, 1e-12)
        for ends, length in zip((first, second), lengths, strict=True)
    ]
    cosine = (directions[0] * directions[1]).sum(axis=1, keepdims=True)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    # Parallel directions have no arc; the straight line takes its place.
    flat = np.sin(angle) < 1e-6
    sine = np.where(flat, 1.0, np.sin(angle))
    begin = np.where(flat, 1 - share, np.sin((1 - share) * angle) / sine)
    end = np.where(flat, share, np.sin(share * angle) / sine)
    length = (1 - share) * lengths[0] + share * lengths[1]
    between: Latents = length * (begin * directions[0] + end * directions[1])
    return between
