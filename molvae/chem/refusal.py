"""Reasons for which SMILES and SELFIES are refused."""

from collections.abc import Callable
from enum import StrEnum
from typing import ParamSpec, TypeVar

from molvae.errors import MoleculeError

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Refusal(StrEnum):
    """Reason why a text or a SELFIES string does not give an acceptable molecule.

    The value is shown to users: a noun phrase in the singular.
    """

    NO_SMILES = "missing SMILES"
    TOO_LONG = "overlong SMILES"
    INVALID = "invalid SMILES"
    TEXT_AFTER_SMILES = "text after the SMILES"
    CXSMILES = "unsupported CXSMILES"
    INORGANIC = "inorganic molecule"
    MIXTURE = "mixture of molecules"
    ELEMENT_NOT_ALLOWED = "disallowed element"
    BOND_NOT_ALLOWED = "disallowed bond type"
    ISOTOPE = "isotope label"
    ORGANOMETALLIC = "organometallic compound"
    RADICAL = "radical"
    TOO_MANY_HEAVY_ATOMS = "molecule too large"
    TOO_FEW_HEAVY_ATOMS = "molecule too small"
    NOT_ENCODABLE = "molecule not encodable as SELFIES"
    UNKNOWN_SYMBOL = "unknown symbol"
    TOO_MANY_SYMBOLS = "overlong SELFIES"
    DUPLICATE = "duplicate"
    CONDITION_NOT_MET = "condition not met"
    PATTERN_MISSING = "missing pattern"
    UNWANTED_PATTERN = "unwanted pattern"
    REACTIVE = "reactive group"
    RARE_ENVIRONMENT = "rare atom environment"
    REPAIRED = "repaired SELFIES"
    NOT_CANONICAL = "non-canonical SELFIES"


def none_if_refused(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result | None:
    """Result of a function; None where it raises `MoleculeError`."""
    try:
        return function(*args, **kwargs)
    except MoleculeError:
        return None


def result_or_refusal(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result | MoleculeError:
    """Result of a function, or the `MoleculeError` that it raises, without its traceback."""
    try:
        return function(*args, **kwargs)
    except MoleculeError as error:
        return MoleculeError(error.reason, error.detail)


def count_phrase(count: int, reason: str) -> str:
    """Count and reason, such as "1 radical" or "7 radicals".

    Only a `Refusal` is put in the plural; any other text is returned unchanged.
    """
    noun, _, rest = reason.partition(" ")
    if count == 1:
        return f"{count} {reason}"
    if noun in ("condition", "mixture", "molecule", "text"):
        return f"{count} {noun}s {rest}"
    is_countable = reason in tuple(Refusal) and not reason.endswith(("SMILES", "SELFIES"))
    return f"{count} {reason}s" if is_countable else f"{count} {reason}"
