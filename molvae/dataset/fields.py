"""Fields of the rows of a text table, and what they look like: SMILES, SELFIES or else."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence

from molvae.chem.molecule import Molecule
from molvae.chem.notation import split_symbols
from molvae.chem.refusal import none_if_refused

WHITESPACE = " "
"""Delimiter of SMI files: fields are separated by any run of blanks, and nothing is quoted."""
LONGEST_RECORD = 20
"""Lines that a quoted field may span; beyond them its quote is taken for a stray one."""
_SMILES_TEXT = re.compile(
    # A row of brackets and nothing else is SELFIES.
    r"(?=.*[A-Za-z\[])(?!(?:\[[^\[\]\s]+\]){2,}\Z)"
    r"(?:\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\.()~%]|\d|>)+\Z"
)
_CXSMILES = re.compile(r"(\S+\s+\|[^|]*\|)(?:\s+(.*))?\Z")


def split_fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line, without the quotes around them."""
    if delimiter == WHITESPACE:
        # The extension of a CXSMILES belongs to the molecule.
        if "|" in line and (match := _CXSMILES.match(line.strip())):
            return [match.group(1), *(match.group(2) or "").split()]
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    # The limit of the csv module on a field is below that on a line.
    try:
        return next(csv.reader((line,), delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def join_lines(lines: Sequence[str], delimiter: str) -> list[str] | None:
    """The fields of a record that spans these lines; None while a quote is open at its end."""
    # An open quote makes the reader continue to the empty line that is added here.
    reader = csv.reader(("\n".join(lines) + "\n", ""), delimiter=delimiter, skipinitialspace=True)
    try:
        fields = next(reader, [])
    except csv.Error:
        return None
    return fields if reader.line_num == 1 else None


def split_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The fields of the rows on these lines, where a quoted field may span several lines."""
    by_line = [split_fields(line, delimiter) for line in lines]
    if delimiter == WHITESPACE or not any('"' in line for line in lines):
        return by_line
    ended = (line if line.endswith("\n") else f"{line}\n" for line in lines)
    try:
        whole = [*csv.reader(ended, delimiter=delimiter, skipinitialspace=True)]
    except csv.Error:
        return by_line
    # The last one may be cut where the sample ends. A stray quote swallows rows until the next.
    whole = whole[:-1] if 1 < len(whole) < len(lines) else whole
    return max(by_line, whole, key=evenness)


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """The most frequent number of fields in a row; 1 without rows."""
    return Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 1


def evenness(rows: Sequence[Sequence[str]]) -> float:
    """Fraction of the rows with the usual number of fields; 0 where nothing is split."""
    width = usual_width(rows)
    return sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0


def looks_like_smiles(text: str) -> bool:
    """Whether the text consists of atoms, bonds, brackets and ring numbers only."""
    return _SMILES_TEXT.match(text.strip()) is not None


def is_molecule(text: str) -> bool:
    """Whether RDKit reads the text up to a blank."""
    first = next(iter(text.split(maxsplit=1)), "")
    return looks_like_smiles(first) and none_if_refused(Molecule.parse, first) is not None


def smiles_share(rows: Sequence[Sequence[str]], index: int) -> float:
    """Fraction of the fields of a column, up to a blank, that look like SMILES."""
    return share_of_fields(rows, index, lambda text: looks_like_smiles(text.split(maxsplit=1)[0]))


def selfies_share(rows: Sequence[Sequence[str]], index: int) -> float:
    """Fraction of the fields of a column that look like SELFIES."""
    return share_of_fields(rows, index, lambda text: split_symbols(text.strip()) is not None)


def share_of_fields(
    rows: Sequence[Sequence[str]], index: int, test: Callable[[str], bool]
) -> float:
    """Fraction of the fields of a column that pass a test; blank fields do not count."""
    fields = [row[index] for row in rows if index < len(row) and row[index].strip()]
    return sum(map(test, fields)) / len(fields) if fields else 0.0
