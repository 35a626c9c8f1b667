"""Desirability curves, which map the value of a property to [0, 1]."""

from collections.abc import Mapping
from math import inf, log
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from jaxtyping import Float64
from pydantic import Field, FiniteFloat, model_validator

from molvae.errors import ConfigError
from molvae.settings import Settings, suggestion

Values = Float64[np.ndarray, " molecule"]
Curve = TypeVar("Curve", bound=Settings)
Width = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]

# A logistic flank goes from 0.01 to 0.99 within its width: logit(0.99) = ln 99.
_LOGIT = log(99)


class Linear(Settings):
    """0 at `low`, 1 at `high`, linear between; decreasing if `low` is above `high`."""

    kind: Literal["linear"] = "linear"
    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _ends_differ(self) -> "Linear":
        return _check(self, self.low != self.high, "low and high must differ")

    def __call__(self, values: Values) -> Values:
        share: Values = np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)
        return share


class Sigmoid(Settings):
    """0.01 at `low`, 0.99 at `high`, logistic; decreasing if `low` is above `high`."""

    kind: Literal["sigmoid"] = "sigmoid"
    low: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _ends_differ(self) -> "Sigmoid":
        return _check(self, self.low != self.high, "low and high must differ")

    def __call__(self, values: Values) -> Values:
        return _flank(values, (self.low + self.high) / 2, self.high - self.low)


class DoubleSigmoid(Settings):
    """About 1 between `low` and `high`, 0.5 at both if they are far apart, 0 well outside."""

    kind: Literal["double_sigmoid"] = "double_sigmoid"
    low: FiniteFloat
    high: FiniteFloat
    width: Width
    """Range of the property over which a flank goes from 0.01 to 0.99."""

    @model_validator(mode="after")
    def _in_order(self) -> "DoubleSigmoid":
        return _check(self, self.low < self.high, "low must be less than high")

    def __call__(self, values: Values) -> Values:
        rising, falling = (
            _flank(values, self.low, self.width),
            _flank(values, self.high, -self.width),
        )
        both: Values = rising * falling
        return both


class Gaussian(Settings):
    """1 at `mu`, decreasing to both sides as exp(-((x - mu) / sigma)² / 2)."""

    kind: Literal["gaussian"] = "gaussian"
    mu: FiniteFloat
    sigma: Width

    def __call__(self, values: Values) -> Values:
        return _bell(values, self.mu, self.sigma)


class MinGaussian(Settings):
    """1 below `mu`, a Gaussian's flank above (MinGaussian of GuacaMol, Brown et al. 2019)."""

    kind: Literal["min_gaussian"] = "min_gaussian"
    mu: FiniteFloat
    sigma: Width

    def __call__(self, values: Values) -> Values:
        return _bell(np.maximum(values, self.mu), self.mu, self.sigma)


class MaxGaussian(Settings):
    """1 above `mu`, a Gaussian's flank below (MaxGaussian of GuacaMol, Brown et al. 2019)."""

    kind: Literal["max_gaussian"] = "max_gaussian"
    mu: FiniteFloat
    sigma: Width

    def __call__(self, values: Values) -> Values:
        return _bell(np.minimum(values, self.mu), self.mu, self.sigma)


class Step(Settings):
    """1 from `low` to `high`, both included, and 0 outside; either bound may be omitted."""

    kind: Literal["step"] = "step"
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Step":
        _check(self, (self.low, self.high) != (None, None), "give low, high or both")
        return _check(self, self._low <= self._high, "low must not be greater than high")

    @property
    def _low(self) -> float:
        return -inf if self.low is None else self.low

    @property
    def _high(self) -> float:
        return inf if self.high is None else self.high

    def __call__(self, values: Values) -> Values:
        inside = (values >= self._low) & (values <= self._high)
        return np.where(np.isnan(values), np.nan, inside.astype(np.float64))


AnyCurve = Linear | Sigmoid | DoubleSigmoid | Gaussian | MinGaussian | MaxGaussian | Step

Desirability = Annotated[AnyCurve, Field(discriminator="kind")]
"""Curve from values of a property to [0, 1]; NaN stays NaN."""

_KINDS: tuple[type[Settings], ...] = (
    Linear,
    Sigmoid,
    DoubleSigmoid,
    Gaussian,
    MinGaussian,
    MaxGaussian,
    Step,
)

CURVES: Mapping[str, type[Settings]] = MappingProxyType(
    {str(curve.model_fields["kind"].default): curve for curve in _KINDS}
)
"""Settings class of each curve, by its `kind` in a file."""


# Any: values from a file; the settings class checks them.
def parse_curve(values: Mapping[str, Any], source: str = "desirability") -> Settings:
    """The curve that a table with a `kind` describes.

    Raises:
        ConfigError: the kind is missing or unknown, or the curve has no such setting.
    """
    kind = str(values.get("kind", ""))
    if kind not in CURVES:
        what = f"unknown kind {kind!r}" if kind else "no kind given"
        raise ConfigError(f"{source}: {what}{suggestion(kind, list(CURVES))}")
    return CURVES[kind].parse(values, source)


def _check(curve: Curve, holds: bool, problem: str) -> Curve:
    if not holds:
        raise ValueError(problem)
    return curve


def _flank(values: Values, middle: float, width: float) -> Values:
    """Logistic curve, 0.5 in the middle; decreasing if the width is negative."""
    # logaddexp warns about NaN, although it correctly returns NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        logit = 2 * _LOGIT * (values - middle) / width
        return np.exp(-np.logaddexp(0.0, -logit))


def _bell(values: Values, mu: float, sigma: float) -> Values:
    with np.errstate(over="ignore"):
        return np.exp(-0.5 * ((values - mu) / sigma) ** 2)
