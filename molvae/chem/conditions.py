"""Conditions on properties, such as "qed > 0.6 and weight < 400"."""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan

from molvae.chem.properties import PROPERTIES, property_suggestion
from molvae.errors import ConfigError

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
    """Comparisons of properties with numbers, combined by `and`, `or`, `not` and parentheses."""

    text: str
    names: tuple[str, ...]
    """Properties that the conditions need, sorted."""
    _test: "_Test" = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Conditions":
        """The conditions in a text.

        Raises:
            ConfigError: the text is not a condition; the message points at the first mistake.
        """
        test = _Reader(text).test(_tree_of(text))
        return cls(text, tuple(sorted(set(_names(test)))), test)

    def hold(self, values: Mapping[str, float]) -> bool:
        """Whether values of all `names` meet the conditions; False if any of them is NaN."""
        return not any(isnan(values[name]) for name in self.names) and self._test.holds(values)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A chain of comparisons such as `1 < rings <= 3`; operands are numbers or property names."""

    operands: tuple[str | float, ...]
    comparisons: tuple[Callable[[float, float], bool], ...]

    def holds(self, values: Mapping[str, float]) -> bool:
        numbers = [values[item] if isinstance(item, str) else item for item in self.operands]
        pairs = zip(self.comparisons, pairwise(numbers), strict=True)
        return all(compare(*pair) for compare, pair in pairs)


@dataclass(frozen=True, slots=True)
class _Not:
    test: "_Test"

    def holds(self, values: Mapping[str, float]) -> bool:
        return not self.test.holds(values)


@dataclass(frozen=True, slots=True)
class _Group:
    """Tests combined by `and` or `or`."""

    needs_all: bool
    tests: tuple["_Test", ...]

    def holds(self, values: Mapping[str, float]) -> bool:
        results = (test.holds(values) for test in self.tests)
        return all(results) if self.needs_all else any(results)


_Test = _Comparison | _Not | _Group


def _names(test: _Test) -> Iterator[str]:
    match test:
        case _Comparison():
            yield from (operand for operand in test.operands if isinstance(operand, str))
        case _Not():
            yield from _names(test.test)
        case _Group():
            for member in test.tests:
                yield from _names(member)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Converter from Python's syntax tree to tests; other syntax is refused, and no code is run."""

    text: str

    def test(self, node: ast.expr) -> _Test:
        match node:
            case ast.BoolOp(op=operation, values=values):
                return _Group(isinstance(operation, ast.And), tuple(map(self.test, values)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Not(self.test(operand))
            case ast.Compare(left=left, ops=ops, comparators=others):
                if not all(type(op) in _COMPARISONS for op in ops):
                    raise self.mistake(node, "compare with <, <=, >, >=, == or !=")
                operands = tuple(self.operand(operand) for operand in (left, *others))
                return _Comparison(operands, tuple(_COMPARISONS[type(op)] for op in ops))
        raise self.mistake(node, "this is not a comparison")

    def operand(self, node: ast.expr) -> str | float:
        match node:
            case ast.Name(id=name):
                if name not in PROPERTIES:
                    known = property_suggestion(name)
                    raise self.mistake(node, f"there is no property {name!r}{known}")
                return name
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                # float(str) gives infinity for an integer that overflows; float(int) raises.
                return float(str(value))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as number):
                return -float(self.operand(number))
        raise self.mistake(node, "this is neither a property nor a number")

    def mistake(self, node: ast.expr, what: str) -> ConfigError:
        return _mistake(self.text, node.col_offset, what)


def _tree_of(text: str) -> ast.expr:
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError(
            f"the conditions have {len(text)} characters; at most {_MAX_CHARACTERS} are allowed"
        )
    try:
        # Python warns about texts such as "1and", which are valid, or refused later.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(_WHITE.sub(" ", text).lstrip(), mode="eval").body
    except SyntaxError as error:
        # Python reports offset 0 if the text ends too early.
        offset = error.offset - 1 if error.offset else len(text)
        raise _mistake(text, offset, f"this cannot be read ({error.msg})") from None
    except (ValueError, OverflowError, RecursionError, MemoryError):
        raise ConfigError(f"{text[:60]!r} cannot be read; {_EXAMPLE}") from None


def _mistake(text: str, offset: int, what: str) -> ConfigError:
    """An error that points at an offset, counted from the first non-blank character."""
    start = offset + len(text) - len(text.lstrip())
    near = text[start : start + 12]
    where = f"character {start + 1} ({near!r})" if near else "the end"
    return ConfigError(f"{text!r}, {where}: {what}; {_EXAMPLE}")
