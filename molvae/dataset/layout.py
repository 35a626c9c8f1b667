"""How a table is laid out: its delimiter, whether it has a header, which column is what."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from molvae.errors import DataError

WHITESPACE = " "
"""Delimiter of SMI files: fields stand apart by any run of blanks, and nothing is quoted."""

_DELIMITERS = (",", "\t", ";", "|")
_SMI_NAMES = (".smi", ".smiles", ".ism", ".can")
_SMILES_NAMES = ("smiles", "canonicalsmiles", "isomericsmiles")
_VAGUE_NAMES = ("structure", "structures", "molecule", "molecules", "mol", "smi", "compound")
_SMILES_TEXT = re.compile(
    # A row of brackets and nothing else is SELFIES.
    r"(?=.*[A-Za-z\[])(?!(?:\[[^\[\]\s]+\]){2,}\Z)"
    r"(?:\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\.()~%]|\d|>)+\Z"
)
_SHOWN_COLUMNS = 20


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a line the SMILES and the properties stand."""

    delimiter: str
    columns: tuple[str, ...]
    has_header: bool
    smiles: int
    properties: tuple[int, ...]

    def fields(self, line: str) -> list[str]:
        """The fields of one line."""
        return split_fields(line, self.delimiter)


def find_layout(
    path: Path, lines: Sequence[str], smiles_column: str | None, property_columns: Sequence[str]
) -> Layout:
    """The layout of a table, judged by the first lines of it that are not blank.

    The columns of a table without header are called "1", "2" and so on.

    Raises:
        DataError: a wanted column is not there, or no column holds SMILES.
    """
    is_smi = path.name.lower().removesuffix(".gz").endswith(_SMI_NAMES)
    delimiter = _delimiter(lines, is_smi)
    rows = _records(lines, delimiter)
    names = [name.strip() for name in rows[0]]
    wanted = [*property_columns, *([smiles_column] if smiles_column else [])]
    has_header = _has_header(names, rows[1:], wanted, is_smi)
    if not has_header:
        width = Counter(len(row) for row in rows).most_common(1)[0][0]
        names = [str(number + 1) for number in range(width)]
    there = f"its first row is {_listed(rows[0])}" if not has_header else f"it has {_listed(names)}"
    if missing := [repr(name) for name in wanted if not _has(names, name)]:
        word = "column" if len(missing) == 1 else "columns"
        raise DataError(
            f"{str(path)!r} has no {word} {', '.join(missing)}; {there}: name one of these"
        )
    data = rows[1:] if has_header else rows
    _check_single(path, names, wanted)
    smiles = _place(names, smiles_column) if smiles_column else _smiles_place(names, data, is_smi)
    if smiles is None:
        raise DataError(
            f"{str(path)!r}: no column looks like SMILES; {there}: "
            "name the column (--smiles-column), by its number where there is no header"
        )
    properties = tuple(_place(names, name) for name in property_columns)
    return Layout(delimiter, tuple(names), has_header, smiles, properties)


def split_fields(line: str, delimiter: str) -> list[str]:
    """The fields of one line; the quotes round a field are no part of it."""
    if delimiter == WHITESPACE:
        return line.split()
    if '"' not in line:
        return line.split(delimiter)
    # The limit of the csv module on a field is below that on a line.
    try:
        return next(csv.reader((line,), delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def _records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The fields of the rows that the lines are, where quoted fields may run over several lines."""
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
    return max(by_line, whole, key=_evenness)


def _evenness(rows: Sequence[Sequence[str]]) -> float:
    """Share of the rows with as many fields as the first, which splits something."""
    width = len(rows[0]) if rows else 0
    return sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0


def looks_like_smiles(text: str) -> bool:
    """Whether the text is made of atoms, bonds, brackets and ring numbers only."""
    return _SMILES_TEXT.match(text.strip()) is not None


def _delimiter(lines: Sequence[str], is_smi: bool) -> str:
    """The delimiter that gives a column of SMILES, and most lines as many fields as the first."""
    best, best_merit = "", (False, 0.0, 0)
    for delimiter in ("\t",) if is_smi else (*_DELIMITERS, WHITESPACE):
        rows = _records(lines, delimiter)
        share = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        has_smiles = any(map(_is_smiles_name, rows[0])) or any(
            _smiles_share(rows, place) > 0.5 for place in range(len(rows[0]))
        )
        merit = (has_smiles, share, len(rows[0]))
        if len(rows[0]) > 1 and share > 0.5 and merit > best_merit:
            best, best_merit = delimiter, merit
    # Nothing splits a table of one column, and a SMI file is split by blanks whatever follows.
    return best or (WHITESPACE if is_smi else _DELIMITERS[0])


def _has_header(
    names: list[str], rows: list[list[str]], wanted: Sequence[str], is_smi: bool
) -> bool:
    named = (name for name in wanted if not name.isdecimal())
    if any(map(_is_smiles_name, names)) or any(_has(names, name) for name in named):
        return True
    if any(_is_number(name) for name in names):
        return False
    if is_smi:
        return _plain(names[0]) in _VAGUE_NAMES
    if len(names) == 1 and _plain(names[0]) in _VAGUE_NAMES:
        return True
    return any(
        not looks_like_smiles(name) and _smiles_share(rows, place) > 0.5
        for place, name in enumerate(names)
    )


def _smiles_place(names: list[str], rows: list[list[str]], is_smi: bool) -> int | None:
    """The column that is called SMILES, else the one whose fields look most like it, if any."""
    plain = [_plain(name) for name in names]
    for known in _SMILES_NAMES:
        if known in plain:
            _check_one([names[place] for place, name in enumerate(plain) if name == known])
            return plain.index(known)
    if found := [place for place, name in enumerate(names) if _is_smiles_name(name)]:
        # Such as n_smiles, which counts them.
        found = [place for place in found if _smiles_share(rows, place) > 0.5] or found
        _check_one([names[place] for place in found])
        return found[0]
    if is_smi or len(names) == 1:
        return 0
    # Of columns alike in that, the one with the longest text: formulas and codes are short.
    shares = [_smiles_share(rows, place) for place in range(len(names))]
    vague = [name in _VAGUE_NAMES for name in plain]
    sizes = [
        sum(len(row[place]) for row in rows if place < len(row)) for place in range(len(names))
    ]
    best = max(
        range(len(names)), key=lambda place: (shares[place] > 0.5, vague[place], sizes[place])
    )
    return best if shares[best] > 0.5 else None


def _check_one(names: Sequence[str]) -> None:
    """See that one column alone is meant.

    Raises:
        DataError: several are called SMILES.
    """
    if len(names) > 1:
        raise DataError(
            f"{len(names)} columns are called SMILES: {_listed(names)}; "
            "name the one that is meant (--smiles-column), each column by a name of its own"
        )


def _check_single(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    """See that no wanted name is that of several columns.

    Raises:
        DataError: it is.
    """
    for name in wanted:
        if names.count(name) > 1:
            raise DataError(
                f"{str(path)!r} has {names.count(name)} columns {name!r}; rename all but one"
            )


def _has(names: Sequence[str], name: str) -> bool:
    return name.casefold() in map(str.casefold, names)


def _place(names: Sequence[str], name: str) -> int:
    """Index of the column of that name; its case matters only where two differ in nothing else."""
    return (
        names.index(name) if name in names else [*map(str.casefold, names)].index(name.casefold())
    )


def _smiles_share(rows: list[list[str]], place: int) -> float:
    found = [row[place] for row in rows if place < len(row) and row[place].strip()]
    return sum(map(looks_like_smiles, found)) / len(found) if found else 0.0


def _is_smiles_name(name: str) -> bool:
    return "smiles" in _plain(name)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
    return ", ".join(repr(name) for name in names[:_SHOWN_COLUMNS]) + more
