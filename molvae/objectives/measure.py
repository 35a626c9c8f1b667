"""Measure: what is read off each molecule of a batch, one number a molecule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64
from pydantic import JsonValue

from molvae.chem.molecule import Molecule
from molvae.objectives.desirability import AnyCurve


@dataclass(frozen=True)
class Readings:
    """What a measure read off a batch."""

    values: Float64[np.ndarray, " molecule"]
    """NaN where nothing could be read."""
    problems: tuple[tuple[int, str], ...] = ()
    """Places in the batch where somebody else's code failed, each with what it did."""


@runtime_checkable
class Measure(Protocol):
    """Settings of something that can be measured: plain values, so they travel to processes."""

    def label(self) -> str:
        """The name of a component that measures this and was given none."""
        ...

    def usual_curve(self) -> AnyCurve | None:
        """Takes its values to [0, 1] when the component has no curve; None: nothing does."""
        ...

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        """Its value for each molecule, which depends on that molecule alone."""
        ...


@runtime_checkable
class Foreign(Measure, Protocol):
    """A measure that is somebody else's code or model: asked only of molecules that are allowed."""

    def within(self, folder: Path) -> "Foreign":
        """The same, with relative paths in it starting from this folder."""
        ...

    def check(self) -> None:
        """Find, before any work is done, what the settings alone do not show.

        Raises:
            ConfigError: a file, function or program is not there or cannot be used.
            MissingExtraError: an optional dependency is not installed.
        """
        ...

    def identity(self) -> JsonValue:
        """All that tells it from another measure; contents of files rather than their places."""
        ...


def read_each(molecules: Sequence[Molecule], value: Callable[[Molecule], float]) -> Readings:
    """The readings of a function of one molecule."""
    return Readings(np.array([value(molecule) for molecule in molecules], dtype=np.float64))


# object: the answers of other people's code may be anything.
def readings_of(answers: Sequence[object]) -> Readings:
    """Readings of answers that should be finite numbers; a `Failed` tells why there is none."""
    numbers = [_number(answer) for answer in answers]
    problems = [
        (place, answer.reason if isinstance(answer, Failed) else f"gave {_told(answer)!r}")
        for place, (answer, number) in enumerate(zip(answers, numbers, strict=True))
        if not isfinite(number)
    ]
    return Readings(np.array(numbers, dtype=np.float64), tuple(problems))


@dataclass(frozen=True, slots=True)
class Failed:
    """Stands in the place of an answer that did not come."""

    reason: str


def _told(answer: object) -> str:
    try:
        return str(answer)[:80]
    # Whatever the text of somebody else's object raises; an integer of more than 4,300 digits.
    except Exception:  # noqa: BLE001
        return type(answer).__name__


def _number(answer: object) -> float:
    """The finite number that an answer is, or spells; else NaN."""
    if isinstance(answer, Decimal) or hasattr(answer, "item"):
        # Arrays and tensors of one number; `item` of several raises.
        try:
            answer = float(answer) if isinstance(answer, Decimal) else answer.item()
        except (ArithmeticError, TypeError, ValueError, RuntimeError):
            return nan
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number | str):
        return nan
    try:
        value = float(answer)
    # An integer or a text beyond every float; a complex number.
    except (OverflowError, TypeError, ValueError):
        return nan
    return value if isfinite(value) else nan
