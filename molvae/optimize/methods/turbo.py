"""Turbo: Bayesian optimization within a trust region, for expensive scores."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from jaxtyping import Float64

from molvae.errors import MissingExtraError
from molvae.optimize.latent_optimizer import (
    Latents,
    PerLatent,
    Prior,
    largest_radius,
    within_radius,
)
from molvae.optimize.methods.turbo_config import TurboConfig
from molvae.optimize.state import State, generator_state, restore_generator

# Lengths of the trust region as fractions of the box, its rules, and the start of each fit:
# Eriksson et al. 2019, section 3, and the authors' code (uber-research/TuRBO).
_FIRST_LENGTH, _LONGEST, _SHORTEST = 0.8, 1.6, 0.5**7
_SUCCESSES = 3
_SMALLEST_GAIN = 1e-3
_PERTURBED = 20
_FIRST_GUESS = {
    "covar_module.outputscale": 1.0,
    "covar_module.base_kernel.lengthscale": 0.5,
    "likelihood.noise": 0.005,
}

PerDimension = Float64[np.ndarray, " dimension"]

# The box extends this many standard deviations of the prior to each side.
_REACH = 3.0


class Turbo:
    """TuRBO-1 (Eriksson et al. 2019): Thompson sampling around the best latent vector of a start.

    A Gaussian process (Matérn 5/2, a length scale for each dimension) is fitted to the standardized
    scores. The trust region around the best latent vector doubles after three successful rounds in
    a row, halves after as many failures as spend max(4, dimensions) calls, and is abandoned when it
    is too small; then the search restarts from the prior. Unlike in the paper, candidates are drawn
    uniformly, not from a Sobol sequence, and stay within the radius of the prior samples.

    It is meant for at most 1,000 calls. Later rounds cost no more, as the process sees only the
    window. Latent vectors that decode to nothing count as the worst score in the window.
    """

    def __init__(self, prior: Prior, config: TurboConfig, seed: int) -> None:
        """Draw the first sample.

        Raises:
            MissingExtraError: BoTorch is not installed.
        """
        # Fails here rather than after the first sample. Its packages use deprecated parts of torch.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                import botorch  # noqa: F401
            except ImportError:
                raise MissingExtraError("botorch", "opt") from None
        self._prior = prior
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._waiting = prior(config.first_sample, self._generator)
        self._radius = largest_radius(self._waiting)
        self._middle, self._deviation = self._waiting.mean(axis=0), self._waiting.std(axis=0)
        self._latents = self._waiting[:0]
        self._scores = np.empty(0)
        # Length of the trust region; 0 while there is none.
        self._length = 0.0
        self._successes, self._failures = 0, 0

    def ask(self, n: int) -> Latents:
        if not self._length:
            first, self._waiting = self._waiting[:n], self._waiting[n:]
            if len(first) == n:
                return first.copy()
            return np.concatenate([first, self._prior(n - len(first), self._generator)])
        scale = 2 * _REACH * self._deviation
        inside = np.clip((self._latents - self._middle) / scale + 0.5, 0.0, 1.0)
        process = _fit(inside, self._scores, self._config.fit_steps)
        candidates = self._candidates(inside, process, max(n, self._config.candidates))
        noise = self._generator.standard_normal((len(candidates), n))
        chosen = candidates[process.best_of_samples(candidates, noise)]
        return within_radius((chosen - 0.5) * scale + self._middle, self._radius)

    def tell(self, latents: Latents, scores: PerLatent) -> None:
        best = np.fmax.reduce(self._scores, initial=-np.inf)
        self._remember(latents, scores)
        if self._length:
            wanted = best + _SMALLEST_GAIN * abs(best)
            self._resize(bool((scores > wanted).any()), len(latents))
        elif not len(self._waiting) and not np.isnan(self._scores).all():
            self._length = _FIRST_LENGTH

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "radius": self._radius,
            "length": self._length,
            "successes": self._successes,
            "failures": self._failures,
        }
        arrays = {
            "waiting": self._waiting.copy(),
            "middle": self._middle.copy(),
            "deviation": self._deviation.copy(),
            "latents": self._latents.copy(),
            "scores": self._scores.copy(),
        }
        return State(values, arrays)

    def restore(self, state: State) -> None:
        self._generator = restore_generator(state.values["generator"])
        self._radius = state.values["radius"]
        self._length = state.values["length"]
        self._successes = state.values["successes"]
        self._failures = state.values["failures"]
        self._waiting = state.arrays["waiting"].copy()
        self._middle = state.arrays["middle"].copy()
        self._deviation = state.arrays["deviation"].copy()
        self._latents = state.arrays["latents"].copy()
        self._scores = state.arrays["scores"].copy()

    def _remember(self, latents: Latents, scores: PerLatent) -> None:
        """Add to the window; when it overflows, keep the best half and the latest of the rest."""
        self._latents = np.concatenate([self._latents, latents])
        self._scores = np.concatenate([self._scores, scores])
        half = self._config.window // 2
        # NaN is sorted after all numbers.
        best = np.argsort(-self._scores, kind="stable")[:half]
        rest = np.setdiff1d(np.arange(len(self._scores)), best)
        kept = np.union1d(best, rest[half - self._config.window :])
        self._latents, self._scores = self._latents[kept], self._scores[kept]

    def _resize(self, gained: bool, asked: int) -> None:
        """Resize the trust region, or restart."""
        self._successes = self._successes + 1 if gained else 0
        self._failures = 0 if gained else self._failures + 1
        patience = ceil(max(4, len(self._middle)) / asked)
        if self._successes == _SUCCESSES:
            self._length, self._successes = min(2 * self._length, _LONGEST), 0
        elif self._failures >= patience:
            self._length, self._failures = self._length / 2, 0
        if self._length < _SHORTEST:
            self._waiting = self._prior(self._config.first_sample, self._generator)
            self._radius = max(self._radius, largest_radius(self._waiting))
            self._latents, self._scores = self._latents[:0], self._scores[:0]
            self._length, self._successes, self._failures = 0.0, 0, 0

    def _candidates(
        self, inside: Float64[np.ndarray, "known latent"], process: "_Process", n: int
    ) -> Latents:
        """Copies of the best of the latent vectors, at least one coordinate of each redrawn.

        They are drawn from the trust region around it.
        """
        center = inside[np.nanargmax(self._scores)]
        sides = self._length * process.relative_scales
        low, high = np.clip(center - sides / 2, 0, 1), np.clip(center + sides / 2, 0, 1)
        size = (n, len(center))
        moved = self._generator.random(size) < min(_PERTURBED / len(center), 1.0)
        moved[np.arange(n), self._generator.integers(len(center), size=n)] = True
        return np.where(moved, self._generator.uniform(low, high, size), center)


@dataclass(frozen=True)
class _Process:
    """A Gaussian process over the box, fitted to scores."""

    # Any: a SingleTaskGP; BoTorch is imported only where it is used.
    model: Any
    relative_scales: PerDimension
    """Length scale of each dimension over their geometric mean."""

    def best_of_samples(
        self, latents: Latents, noise: Float64[np.ndarray, "latent_vector sample"]
    ) -> np.ndarray:
        """Row of the highest score in each posterior sample, no row twice.

        The samples are computed from standard normal noise.
        """
        import torch
        from linear_operator.utils.cholesky import psd_safe_cholesky

        with torch.no_grad(), _quiet_and_exact():
            posterior = self.model.posterior(torch.from_numpy(latents))
            root = psd_safe_cholesky(posterior.distribution.covariance_matrix)
            samples: np.ndarray = (posterior.mean + root @ torch.from_numpy(noise)).numpy()
        rows: list[int] = []
        for scores in samples.T:
            scores[rows] = -np.inf
            rows.append(int(scores.argmax()))
        return np.array(rows)


def _fit(latents: Latents, scores: PerLatent, steps: int) -> _Process:
    """Fit with the kernel, bounds and optimizer of the authors' code.

    The scores are standardized; NaN is replaced by the worst score.
    """
    import torch
    from botorch.models import SingleTaskGP
    from botorch.optim.fit import fit_gpytorch_mll_torch
    from gpytorch.constraints import Interval
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from torch.optim import Adam

    filled = np.where(np.isnan(scores), np.nanmin(scores), scores)
    standardized = filled - filled.mean()
    if (deviation := filled.std()) > 0:
        standardized /= deviation
    scales = Interval(0.005, 2.0)
    kernel = MaternKernel(nu=2.5, ard_num_dims=latents.shape[1], lengthscale_constraint=scales)
    with _quiet_and_exact():
        # Any: GPyTorch ships no types.
        model: Any = SingleTaskGP(
            torch.from_numpy(latents),
            torch.from_numpy(standardized[:, None]),
            likelihood=GaussianLikelihood(noise_constraint=Interval(5e-4, 0.2)),
            covar_module=ScaleKernel(kernel, outputscale_constraint=Interval(0.05, 20.0)),
            outcome_transform=None,
        )
        model.initialize(**_FIRST_GUESS)
        likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
        fit_gpytorch_mll_torch(likelihood, step_limit=steps, optimizer=partial(Adam, lr=0.1))
    lengths = kernel.lengthscale.detach().numpy()[0]
    return _Process(model.eval(), lengths / np.exp(np.log(lengths).mean()))


@contextmanager
def _quiet_and_exact() -> Iterator[None]:
    """Silence warnings about scales and jitter, and use exact Cholesky decompositions."""
    import gpytorch

    with warnings.catch_warnings(), gpytorch.settings.max_cholesky_size(100_000):
        warnings.simplefilter("ignore")
        yield
