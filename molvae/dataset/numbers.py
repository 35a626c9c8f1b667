"""Numbers as people write them: decimal and thousands marks, qualifiers, missing values.

The marks are decided per column by all of its cells: `12.5` proves a decimal point, `1,050.5` both
marks, `5,1` a decimal comma. `1,234` proves nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

QUALIFIERS = ("", "<", "<=", ">", ">=", "~")
"""Qualifiers of a measured value, by the code under which a token store keeps them."""

_MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "missing", "-", "?", "."}
)
_LARGEST_FLOAT32, _SMALLEST_FLOAT32 = 3.4e38, 1.2e-38
_LONGEST_NUMBER = 64
_QUALIFIER = re.compile(r"(<=|>=|=<|=>|<<|>>|[<>~=≤≥≈⩽⩾])\s*")
_PLAIN_QUALIFIER = {
    "=<": "<=", "≤": "<=", "⩽": "<=", "=>": ">=", "≥": ">=", "⩾": ">=", "<<": "<", ">>": ">",
    "≈": "~", "=": "",
}  # fmt: skip
_NUMBER = re.compile(r"([+-]?)([0-9.,'\s]*[0-9][0-9.,'\s]*?)([eE][+-]?[0-9]+)?\Z")
_ZERO = re.compile(r"[^1-9]*\Z")
_PLAIN = re.compile(r"[0-9]+\Z")
_SPACED = re.compile(r"[0-9]{1,3}(?:(['\s])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]+)?\Z")
_SIMPLE_POINT = re.compile(r"(?:[0-9]+\.[0-9]*|\.[0-9]+)\Z")
_OPEN_POINT = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}\Z")
# Indian numbers have groups of two before the last group of three.
_GROUPED_WITH_COMMAS = re.compile(
    r"[0-9]{1,3}(?:(?:,[0-9]{2,3})*,[0-9]{3}\.[0-9]*|(?:,[0-9]{2,3})+,[0-9]{3})\Z"
)
# Word processors write these where programs write a hyphen, an apostrophe, a sign or nothing.
_TYPOGRAPHIC = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{TILDE OPERATOR}": "~",
        "\N{FULLWIDTH LESS-THAN SIGN}": "<",
        "\N{FULLWIDTH GREATER-THAN SIGN}": ">",
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    }
)
_SWAP_MARKS = str.maketrans(".,", ",.")


class Form(Enum):
    """Evidence that the marks in a written number give."""

    PLAIN = "no mark"
    POINT = "decimal point"
    COMMA = "decimal comma"
    OPEN_POINT = "a point for decimals or thousands"
    OPEN_COMMA = "a comma for decimals or thousands"


class Number(NamedTuple):
    """A cell of a column of numbers."""

    value: float
    """NaN where the cell is empty or holds no number."""
    qualifier: str = ""
    """An entry of `QUALIFIERS`."""
    is_wrong: bool = False
    """Whether the cell holds something that is no number."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the numbers of a column are written."""

    decimal: str = "."
    """The decimal mark, `.` or `,`; empty where the column mixes both, and open cells are
    refused."""

    def read(self, cell: str) -> Number:
        """The number in a cell."""
        if cell.casefold() in _MISSING:
            return Number(math.nan)
        split = _split(cell)
        value = math.nan if split is None else self._value(split)
        if split is None or not abs(value) <= _LARGEST_FLOAT32:
            return Number(math.nan, is_wrong=True)
        if abs(value) < _SMALLEST_FLOAT32 and not _ZERO.match(split.mantissa):
            return Number(math.nan, is_wrong=True)
        return Number(value, split.qualifier)

    def _value(self, split: "_Split") -> float:
        form, digits = split.form, split.mantissa
        if form in (Form.OPEN_POINT, Form.OPEN_COMMA) and not self.decimal:
            return math.nan
        comma_is_decimal = form is Form.COMMA or (
            self.decimal == "," and form in (Form.OPEN_POINT, Form.OPEN_COMMA)
        )
        if comma_is_decimal:
            digits = digits.translate(_SWAP_MARKS)
        return float(f"{split.sign}{digits.replace(',', '')}{split.exponent}")


@dataclass(slots=True)
class NumberEvidence:
    """Forms of the numbers seen in a column."""

    forms: Counter[Form] = field(default_factory=Counter)
    example: str = ""
    """First cell whose mark can be read in two ways."""

    def add(self, cell: str) -> None:
        """Take a cell into account."""
        if "." not in cell and "," not in cell:
            return
        split = _split(cell)
        if split is None:
            return
        self.forms[split.form] += 1
        if split.form in (Form.OPEN_POINT, Form.OPEN_COMMA) and not self.example:
            self.example = cell

    @property
    def is_open(self) -> bool:
        """Whether a cell can be read in two ways."""
        return bool(self.example)

    @property
    def proof(self) -> str | None:
        """The proven decimal mark; empty where both are, None where neither is."""
        proven = [mark for mark, form in ((".", Form.POINT), (",", Form.COMMA)) if self.forms[form]]
        if len(proven) == 2:
            return ""
        return proven[0] if proven else None

    def decide(self, name: str, others: Iterable["NumberEvidence"], delimiter: str) -> "Decision":
        """The format of the column, and what had to be assumed.

        Args:
            name: column's name, for the note.
            others: evidence of the further columns of the table.
            delimiter: delimiter of the table; spreadsheets write semicolons where the comma is
                the decimal mark.
        """
        if self.proof is not None:
            note = ""
            if self.is_open and not self.proof:
                note = (
                    f"column {name!r} mixes decimal points and decimal commas; numbers such as "
                    f"{self.example!r}, which can be read in two ways, were not read"
                )
            return Decision(NumberFormat(self.proof), note)
        if not self.is_open:
            return Decision(NumberFormat("."))
        elsewhere = {evidence.proof for evidence in others if evidence.proof}
        if len(elsewhere) == 1:
            decimal, reason = elsewhere.pop(), "as in the other columns"
        else:
            only_commas = not self.forms[Form.OPEN_POINT]
            decimal = "," if delimiter == ";" and only_commas else "."
            reason = "the column does not prove it"
        value = NumberFormat(decimal).read(self.example).value
        return Decision(
            NumberFormat(decimal),
            f"column {name!r}: {self.example!r} was read as {value:.10g} ({reason})",
        )


class Decision(NamedTuple):
    """The format of a column, and a note on what was assumed; empty where nothing was."""

    format: NumberFormat
    note: str = ""


class _Split(NamedTuple):
    qualifier: str
    sign: str
    mantissa: str
    exponent: str
    form: Form


def _split(cell: str) -> _Split | None:
    """The pieces of a written number; None where the cell holds something else."""
    if not cell.isascii():
        cell = cell.translate(_TYPOGRAPHIC)
    cell, qualifier = cell.strip(), ""
    if len(cell) > _LONGEST_NUMBER:
        return None
    if match := _QUALIFIER.match(cell):
        mark = match.group(1)
        qualifier, cell = _PLAIN_QUALIFIER.get(mark, mark), cell[match.end() :]
    match = _NUMBER.match(cell)
    if match is None:
        return None
    sign, mantissa, exponent = match.group(1), match.group(2).strip(), match.group(3) or ""
    if _SPACED.match(mantissa):
        mantissa = re.sub(r"['\s]", "", mantissa)
        form = _form(mantissa, is_decimal=True)
    else:
        form = _form(mantissa, is_decimal=bool(exponent))
    return None if form is None else _Split(qualifier, sign, mantissa, exponent, form)


def _form(mantissa: str, *, is_decimal: bool) -> Form | None:
    """Evidence of the marks; `is_decimal` where a single mark can only be the decimal mark."""
    if _PLAIN.match(mantissa):
        return Form.PLAIN
    swapped = mantissa.translate(_SWAP_MARKS)
    for text, proven, undecided in (
        (mantissa, Form.POINT, Form.OPEN_POINT),
        (swapped, Form.COMMA, Form.OPEN_COMMA),
    ):
        if _OPEN_POINT.match(text):
            return proven if is_decimal else undecided
        if _SIMPLE_POINT.match(text) or _GROUPED_WITH_COMMAS.match(text):
            return proven
    return None
