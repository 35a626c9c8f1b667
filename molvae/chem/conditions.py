"""Conditions on properties as a person writes them: "qed > 0.6 and weight < 400"."""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan

from molvae.chem.properties import PROPERTIES
from molvae.errors import ConfigError
from molvae.settings import suggestion

_MAX_CHARACTERS = 1000
_WHITE = re.compile(r"\s")
_EXAMPLE = "expected conditions such as 'qed > 0.6 and (weight < 400 or rings == 0)'"
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Comparisons of properties with numbers, joined by and, or, not and brackets."""

    text: str
    names: tuple[str, ...]
    """Properties that are needed, sorted."""
    _test: "_Test" = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Conditions":
        """The conditions that a text states.

        Raises:
            ConfigError: the text states none; the message points at the first mistake.
        """
        test = _Reader(text).test(_tree_of(text))
        return cls(text, tuple(sorted(set(_names(test)))), test)

    def hold(self, values: Mapping[str, float]) -> bool:
        """Whether values that cover `names` meet the conditions; never when one of them is NaN."""
        return not any(isnan(values[name]) for name in self.names) and self._test.holds(values)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Neighboring operands compared, as in `1 < rings <= 3`; a text is a property's name."""

    operands: tuple[str | float, ...]
    comparisons: tuple[Callable[[float, float], bool], ...]

    def holds(self, values: Mapping[str, float]) -> bool:
        numbers = [values[one] if isinstance(one, str) else one for one in self.operands]
        pairs = zip(self.comparisons, pairwise(numbers), strict=True)
        return all(compare(*pair) for compare, pair in pairs)


@dataclass(frozen=True, slots=True)
class _Not:
    part: "_Test"

    def holds(self, values: Mapping[str, float]) -> bool:
        return not self.part.holds(values)


@dataclass(frozen=True, slots=True)
class _Joined:
    """Parts of which all must hold, or any."""

    needs_all: bool
    parts: tuple["_Test", ...]

    def holds(self, values: Mapping[str, float]) -> bool:
        found = (part.holds(values) for part in self.parts)
        return all(found) if self.needs_all else any(found)


_Test = _Comparison | _Not | _Joined


def _names(test: _Test) -> Iterator[str]:
    match test:
        case _Comparison():
            yield from (one for one in test.operands if isinstance(one, str))
        case _Not():
            yield from _names(test.part)
        case _Joined():
            for part in test.parts:
                yield from _names(part)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Python's syntax tree -> tests; whatever else the tree holds is refused, nothing is run."""

    text: str

    def test(self, node: ast.expr) -> _Test:
        match node:
            case ast.BoolOp(op=joint, values=parts):
                return _Joined(isinstance(joint, ast.And), tuple(self.test(part) for part in parts))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Not(self.test(operand))
            case ast.Compare(left=left, ops=ops, comparators=others):
                if not all(type(op) in _COMPARISONS for op in ops):
                    raise self.mistake(node, "compare with <, <=, >, >=, == or !=")
                operands = tuple(self.operand(one) for one in (left, *others))
                return _Comparison(operands, tuple(_COMPARISONS[type(op)] for op in ops))
        raise self.mistake(node, "this is not a comparison")

    def operand(self, node: ast.expr) -> str | float:
        match node:
            case ast.Name(id=name):
                if name not in PROPERTIES:
                    known = suggestion(name, list(PROPERTIES))
                    raise self.mistake(node, f"there is no property {name!r}{known}")
                return name
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                # By way of text, an integer beyond every float becomes infinite, not an error.
                return float(str(value))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as number):
                return -float(self.operand(number))
        raise self.mistake(node, "this is neither a property nor a number")

    def mistake(self, node: ast.expr, what: str) -> ConfigError:
        return _mistake(self.text, node.col_offset, what)


def _tree_of(text: str) -> ast.expr:
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError(f"conditions of {len(text)} characters; {_MAX_CHARACTERS} are allowed")
    try:
        # Python warns of spellings such as "1and"; they mean what they say, or are refused later.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(_WHITE.sub(" ", text).lstrip(), mode="eval").body
    except SyntaxError as error:
        # Python gives the place of a missing end as 0.
        place = error.offset - 1 if error.offset else len(text)
        raise _mistake(text, place, f"this cannot be read ({error.msg})") from None
    except (ValueError, OverflowError, RecursionError, MemoryError):
        raise ConfigError(f"{text[:60]!r} cannot be read; {_EXAMPLE}") from None


def _mistake(text: str, offset: int, what: str) -> ConfigError:
    """An error that points at a place, counted from the first character that is not white."""
    place = offset + len(text) - len(text.lstrip())
    near = text[place : place + 12]
    where = f"character {place + 1} ({near!r})" if near else "the end"
    return ConfigError(f"{text!r}, {where}: {what}; {_EXAMPLE}")
