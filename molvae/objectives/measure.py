"""Measure: one number for each molecule of a batch."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64
from pydantic import JsonValue

from molvae.chem.molecule import Molecule
from molvae.objectives.desirability import AnyCurve

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
"""A decimal number as C and JSON write it; float() also reads `1_000` and the digits of Arabic."""


class Problem(NamedTuple):
    """Why external code gave no number for a molecule."""

    row: int
    """Index of the molecule in the batch."""
    reason: str
    is_answer: bool
    """Whether the code answered with something else than a number; False: it did not answer."""


@dataclass(frozen=True)
class Readings:
    """The values of a measure for a batch of molecules."""

    values: Float64[np.ndarray, " molecule"]
    """NaN where there is no value."""
    problems: tuple["Problem", ...] = ()
    """Molecules for which external code gave no number."""


@runtime_checkable
class Measure(Protocol):
    """Settings of a measurement: plain values, which can be sent to other processes."""

    def label(self) -> str:
        """Name of a component with this measure that has no name of its own."""
        ...

    def usual_curve(self) -> AnyCurve | None:
        """Curve of a component that has none of its own; None when no curve fits all uses."""
        ...

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        """The value of each molecule, which depends on that molecule alone."""
        ...


@runtime_checkable
class Foreign(Measure, Protocol):
    """A measure by external code or an external model, run only for molecules that are allowed."""

    def within(self, folder: Path) -> "Foreign":
        """A copy whose relative paths start from this folder."""
        ...

    def check(self) -> None:
        """Check, before any work is done, the files and programs that the settings name.

        Raises:
            ConfigError: a file, function or program is not there or cannot be used.
            MissingExtraError: an optional dependency is not installed.
        """
        ...

    def identity(self) -> JsonValue:
        """Values that identify the measure: digests of files rather than their paths."""
        ...


def read_each(molecules: Sequence[Molecule], value: Callable[[Molecule], float]) -> Readings:
    """The readings of a function of one molecule."""
    return Readings(np.array([value(molecule) for molecule in molecules], dtype=np.float64))


# object: the answers of external code may be anything.
def readings_of(answers: Sequence[object]) -> Readings:
    """Readings from answers that should be finite numbers; a `Failed` answer gives its reason."""
    numbers = [_number(answer) for answer in answers]
    problems = [
        Problem(index, answer.reason, is_answer=False)
        if isinstance(answer, Failed)
        else Problem(index, f"gave {_text(answer)!r}", is_answer=True)
        for index, (answer, number) in enumerate(zip(answers, numbers, strict=True))
        if not isfinite(number)
    ]
    return Readings(np.array(numbers, dtype=np.float64), tuple(problems))


@dataclass(frozen=True, slots=True)
class Failed:
    """Stands for an answer that external code did not give."""

    reason: str


def describe_error(error: BaseException) -> str:
    """The type and text of an error of external code, on one line."""
    lines = _text(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _text(value: object) -> str:
    try:
        return str(value)[:200]
    # str() of an external object may raise anything, also for integers of over 4,300 digits.
    except Exception:  # noqa: BLE001
        return type(value).__name__


def _number(answer: object) -> float:
    """The finite number that an answer is or spells; NaN for any other answer."""
    if isinstance(answer, Decimal) or hasattr(answer, "item"):
        # Arrays and tensors of one number; `item` of several raises.
        try:
            answer = float(answer) if isinstance(answer, Decimal) else answer.item()
        except (ArithmeticError, TypeError, ValueError, RuntimeError):
            return nan
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number | str):
        return nan
    if isinstance(answer, str) and not _NUMBER.fullmatch(answer):
        return nan
    try:
        value = float(answer)
    # An integer or a text beyond every float; a complex number.
    except (OverflowError, TypeError, ValueError):
        return nan
    return value if isfinite(value) else nan
