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
from molvae.errors import first_line
from molvae.objectives.desirability import AnyCurve

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
"""A decimal number as in C and JSON; float() would also accept `1_000` and Arabic digits."""


class Problem(NamedTuple):
    """Reason why external code returned no number for a molecule."""

    row: int
    """Index of the molecule in the batch."""
    reason: str
    is_answer: bool
    """Whether the code returned something other than a number; False: it returned nothing."""


@dataclass(frozen=True)
class Readings:
    """The values of a measure for a batch of molecules."""

    values: Float64[np.ndarray, " molecule"]
    """Measured values; NaN where there is none."""
    problems: tuple["Problem", ...] = ()
    """Molecules for which external code returned no number."""


@runtime_checkable
class Measure(Protocol):
    """A measure and its settings: plain values that can be sent to other processes."""

    def label(self) -> str:
        """Default name of a component with this measure."""
        ...

    def usual_curve(self) -> AnyCurve | None:
        """Default curve of a component with this measure; None if no default is sensible."""
        ...

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        """The value of each molecule, independent of the rest of the batch."""
        ...


@runtime_checkable
class Foreign(Measure, Protocol):
    """A measure that runs external code or an external model, only for allowed molecules."""

    def within(self, folder: Path) -> "Foreign":
        """A copy whose relative paths start from this folder."""
        ...

    def check(self) -> None:
        """Check in advance that the files and programs that the settings name can be used.

        Raises:
            ConfigError: a file, function or program does not exist or cannot be used.
            MissingExtraError: an optional dependency is not installed.
        """
        ...

    def identity(self) -> JsonValue:
        """Values that identify the measure: digests of files rather than their paths."""
        ...


@runtime_checkable
class Restricted(Foreign, Protocol):
    """A measure that needs the user's permission: it runs code, or sends molecules elsewhere."""

    def action(self) -> str:
        """Description shown to the user beforehand, such as "runs the program dock"."""
        ...


def read_each(molecules: Sequence[Molecule], value: Callable[[Molecule], float]) -> Readings:
    """The values of a function that takes a single molecule."""
    return Readings(np.array([value(molecule) for molecule in molecules], dtype=np.float64))


# object: external code may return anything.
def readings_of(answers: Sequence[object]) -> Readings:
    """Readings from answers that should be finite numbers; `Failed` carries a reason."""
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
    """Replaces a missing answer of external code."""

    reason: str


def describe_error(error: BaseException) -> str:
    """The type and text of an error of external code, on one line."""
    line, name = first_line(error), type(error).__name__
    return name if line == name else f"{name}: {line}"


def _text(value: object) -> str:
    try:
        return str(value)[:200]
    # str() of an external object may raise anything, and of an integer of over 4,300 digits too.
    except Exception:  # noqa: BLE001
        return type(value).__name__


def _number(answer: object) -> float:
    """The finite number in an answer, which may be text; NaN for any other answer."""
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
    # An integer or a text that overflows a float, or a complex number.
    except (OverflowError, TypeError, ValueError):
        return nan
    return value if isfinite(value) else nan
