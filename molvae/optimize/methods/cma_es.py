"""CmaEs: covariance matrix adaptation, a Gaussian that moves towards high scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from cmaes import CMA, SepCMA  # type: ignore[import-untyped]  # it ships no types

from molvae.optimize.latent_optimizer import (
    Latents,
    PerLatent,
    Prior,
    largest_radius,
    within_radius,
)
from molvae.optimize.methods.cma_es_config import CmaEsConfig
from molvae.optimize.state import State, generator_state, restore_generator


class CmaEs:
    """CMA-ES (Hansen 2016), started from the best prior samples, with restarts when it is stuck.

    Latent vectors stay within the radius of the prior samples, as the decoder was not trained
    beyond it.
    """

    def __init__(self, prior: Prior, config: CmaEsConfig, seed: int) -> None:
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._radius = 0.0
        self._best = -np.inf
        self._stale = 0
        # None while the prior samples that a start needs are being scored.
        self._search: State | None = None
        self._latents: list[np.ndarray] = []
        self._scores: list[float] = []

    def ask(self, n: int) -> Latents:
        if self._search is None:
            return self._prior(n, self._generator)
        # No more than the generation lacks: the next one is drawn after the update.
        n = min(n, self._config.population - len(self._latents))
        search = _thaw(self._search)
        # The states of cmaes leave its generator out, so each batch is drawn under a fresh seed.
        search.reseed_rng(int(self._generator.integers(2**32)))
        latents: Latents = np.stack([search.ask() for _ in range(n)])
        return within_radius(latents, self._radius)

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        self._latents += list(latents.copy())
        self._scores += np.where(np.isnan(scores), -np.inf, scores).tolist()
        if self._search is None:
            self._try_to_start()
        while self._search is not None and len(self._scores) >= self._config.population:
            self._advance(self._search)

    def state(self) -> State:
        search = self._search or State()
        values = {
            "generator": generator_state(self._generator),
            "radius": self._radius,
            "best": self._best,
            "stale": self._stale,
            "scores": list(self._scores),
            "search": dict(search.values),
        }
        return State(values, {**search.arrays, "latents": np.array(self._latents)})

    def restore(self, state: State) -> None:
        self._generator = restore_generator(state.values["generator"])
        self._radius = state.values["radius"]
        self._best = state.values["best"]
        self._stale = state.values["stale"]
        self._scores = list(state.values["scores"])
        self._latents = list(state.arrays["latents"].copy())
        arrays = {name: array for name, array in state.arrays.items() if name != "latents"}
        search = State(state.values["search"], arrays)
        self._search = search if search.values else None

    def _try_to_start(self) -> None:
        """Place the Gaussian once enough prior samples are scored and any has a score."""
        if len(self._scores) < self._config.first_sample:
            return
        latents, scores = np.stack(self._latents), np.array(self._scores)
        self._forget(len(scores))
        self._radius = max(self._radius, largest_radius(latents))
        if np.isneginf(scores).all():
            return
        # Stable, so that the earlier of equal scores comes first.
        parents = np.argsort(-scores, kind="stable")[: self._config.parents]
        parents = parents[np.isfinite(scores[parents])]
        self._best, self._stale = float(scores.max()), 0
        mean = latents[parents].mean(axis=0)
        kind = CMA if len(mean) <= self._config.full_up_to else SepCMA
        sigma, population = self._config.sigma, self._config.population
        self._search = _freeze(kind(mean=mean, sigma=sigma, population_size=population))

    def _advance(self, current: State) -> None:
        """Update the Gaussian with a generation, or give it up."""
        n = self._config.population
        latents, scores = self._latents[:n], np.array(self._scores[:n])
        self._forget(n)
        self._stale = 0 if scores.max() > self._best else self._stale + 1
        self._best = max(self._best, float(scores.max()))
        if self._stale >= self._config.patience:
            self._search = None
            self._forget(len(self._scores))
            return
        search = _thaw(current)
        # It minimizes, and uses the order alone: ranks avoid infinite values.
        order = np.argsort(-scores, kind="stable")
        search.tell([(latents[index], float(rank)) for rank, index in enumerate(order)])
        self._search = _freeze(search)

    def _forget(self, n: int) -> None:
        del self._latents[:n], self._scores[:n]


# Between generations the search is stored as plain data and rebuilt from it, whether or not the run
# was resumed, so that both compute with the same numbers to the last bit.
def _freeze(search: CMA | SepCMA) -> State:
    fields: Mapping[str, Any] = search.__getstate__()
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    # Numbers or None, some of them numpy scalars.
    values = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in fields.items()
        if name not in arrays
    }
    return State({**values, "full": isinstance(search, CMA)}, arrays)


def _thaw(state: State) -> CMA | SepCMA:
    kind = CMA if state.values["full"] else SepCMA
    search = kind(mean=np.zeros(state.values["_n_dim"]), sigma=1.0)
    values = {name: value for name, value in state.values.items() if name != "full"}
    search.__setstate__({**values, **{name: array.copy() for name, array in state.arrays.items()}})
    return search
