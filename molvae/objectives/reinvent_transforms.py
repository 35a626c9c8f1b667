"""Transforms of REINVENT 4 as desirability curves."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from molvae.errors import ConfigError

_WIDTH = 2 * log(99) / log(10)
"""Width of a sigmoid from 0.01 to 0.99 over the reciprocal of its slope in decades: REINVENT's
sigmoid is 1 / (1 + 10^-kx), molvae's 1 / (1 + 99^(-2x / width))."""


# Any: values from a file.
@dataclass(frozen=True)
class ImportedCurve:
    """A desirability curve as a table of an objective file."""

    table: Mapping[str, Any]
    note: str | None = None
    """Difference from the transform of REINVENT, if there is one."""


# Any: a transform is a table from a file; its values are checked here.
def import_transform(transform: Mapping[str, Any]) -> ImportedCurve:
    """The desirability curve for a transform of REINVENT.

    Raises:
        ConfigError: there is no such curve, or a value of the transform is missing.
    """
    kind = str(transform.get("type", "")).lower().replace("-", "").replace("_", "")
    if kind in ("sigmoid", "reversesigmoid"):
        return _sigmoid(transform, is_reverse=kind == "reversesigmoid")
    if kind == "doublesigmoid":
        return _double_sigmoid(transform)
    if kind == "step":
        return _step(low=_number(transform, "low", 0.0), high=_number(transform, "high", 0.0))
    if kind == "rightstep":
        return _step(low=_number(transform, "high", 0.0))
    if kind == "leftstep":
        return _step(high=_number(transform, "low", 0.0))
    raise ConfigError(f"the transform {str(transform.get('type'))!r} has no equivalent")


def _sigmoid(transform: Mapping[str, Any], *, is_reverse: bool) -> ImportedCurve:
    low, high, k = (_number(transform, name) for name in ("low", "high", "k"))
    if k <= 0:
        raise ConfigError(f"a sigmoid with k = {k:g} has no equivalent")
    if low == high:
        return _step(high=low) if is_reverse else _step(low=low)
    middle, half = (low + high) / 2, _WIDTH * (high - low) / (10 * k) / 2
    ends = (middle + half, middle - half) if is_reverse else (middle - half, middle + half)
    return ImportedCurve({"kind": "sigmoid", "low": _round(ends[0]), "high": _round(ends[1])})


def _double_sigmoid(transform: Mapping[str, Any]) -> ImportedCurve:
    low, high = _number(transform, "low"), _number(transform, "high")
    division = _number(transform, "coef_div", 100.0)
    rising, falling = (_number(transform, name, 150.0) for name in ("coef_si", "coef_se"))
    if division == 0:
        return _step(low=low, high=high)
    slope = (rising + falling) / 2 / division
    if low >= high or slope <= 0:
        raise ConfigError("a double sigmoid with these values has no equivalent")
    width = _WIDTH / slope
    notes = []
    if rising != falling:
        notes.append("both flanks have the mean of the slopes coef_si and coef_se")
    if width > high - low:
        notes.append("the flanks overlap and are multiplied, so the curve is lower in the middle")
    curve = {"kind": "double_sigmoid", "low": low, "high": high, "width": _round(width)}
    return ImportedCurve(curve, "; ".join(notes) or None)


def _step(low: float | None = None, high: float | None = None) -> ImportedCurve:
    bounds = {"low": low, "high": high}
    given = {name: value for name, value in bounds.items() if value is not None}
    return ImportedCurve({"kind": "step", **given})


def _number(transform: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = transform.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"the transform has no number {name!r}")
    return float(value)


def _round(value: float) -> float:
    return float(f"{value:.8g}")
