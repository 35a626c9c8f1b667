"""Layout of a text table: its delimiter, where its header is, which column is which."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.dataset.containers import display_name
from molvae.dataset.names import (
    best_smiles_name,
    check_single,
    clean_name,
    find_column,
    is_plain_smiles_name,
    is_single_smiles_name,
    is_smiles_name,
    is_vague_name,
    list_names,
    resolve_columns,
)
from molvae.errors import DataError, MoleculeError

WHITESPACE = " "
"""Delimiter of SMI files: fields are separated by any run of blanks, and nothing is quoted."""

LONGEST_RECORD = 20
"""Lines that a quoted field may span; beyond them its quote is taken for a stray one."""

_DELIMITERS = (",", "\t", ";", "|")
_SMI_NAMES = (".smi", ".smiles", ".ism", ".can", ".cxsmiles", ".cxsmi")
_PACKED_NAMES = (".gz", ".bz2", ".xz", ".zip")
_COMMENT = re.compile(r'\s*"?(#|//|%)')
_LONGEST_PREAMBLE = 30
_SMILES_TEXT = re.compile(
    # A row of brackets and nothing else is SELFIES.
    r"(?=.*[A-Za-z\[])(?!(?:\[[^\[\]\s]+\]){2,}\Z)"
    r"(?:\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFIbcnops*]|[-=#$:/\\.()~%]|\d|>)+\Z"
)
_SELFIES_TEXT = re.compile(r"(?:\[[^\[\]\s]+\]|\.)+\Z")
_CXSMILES = re.compile(r"(\S+\s+\|[^|]*\|)(?:\s+(.*))?\Z")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the molecules and the properties are in a row."""

    delimiter: str
    columns: tuple[str, ...]
    has_header: bool
    smiles: int
    """Index of the column with the molecules."""
    properties: tuple[int, ...]
    first_line: int = 0
    """Lines before the first row: comments and the header."""
    is_selfies: bool = False
    """Whether the molecules are written as SELFIES."""
    is_smi: bool = False
    """Whether it is the layout of a SMI file, where a name follows the SMILES."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """Assumptions that a reader of the results should know."""

    def fields(self, line: str) -> list[str]:
        """The fields of a line."""
        return split_fields(line, self.delimiter)


@dataclass(frozen=True)
class ColumnChoice:
    """Columns that a caller asks for by name."""

    smiles: str | None = None
    properties: tuple[str, ...] = ()
    selfies: str | None = None
    keep: tuple[str, ...] | None = None
    """Further columns to carry into an output; None means all."""

    @property
    def structure(self) -> str | None:
        """Name of the column with the molecules; None where it is to be found."""
        return self.selfies or self.smiles

    @property
    def is_selfies(self) -> bool:
        """Whether the molecules are written as SELFIES."""
        return self.selfies is not None

    @property
    def names(self) -> list[str]:
        """All names that were asked for."""
        return [*self.properties, *([self.structure] if self.structure else [])]

    def check(self) -> None:
        """Check that the molecules are in a single column.

        Raises:
            DataError: a column of SMILES and a column of SELFIES are asked for.
        """
        if self.smiles and self.selfies:
            raise DataError(
                f"the molecules are either in {self.smiles!r} (SMILES) or in {self.selfies!r} "
                "(SELFIES); name one of the two columns"
            )

    def resolve(
        self, path: str, columns: Sequence[str], available: str
    ) -> tuple[int | None, tuple[int, ...]]:
        """Indices of the column of molecules (None: to be found) and of the properties.

        Raises:
            DataError: a column is missing, or there are several of its name.
        """
        self.check()
        properties, missing = resolve_columns(columns, self.properties)
        structure = find_column(columns, self.structure) if self.structure else None
        if self.structure and structure is None:
            missing.append(self.structure)
        if missing:
            word = "column" if len(missing) == 1 else "columns"
            raise DataError(
                f"{path} has no {word} {', '.join(map(repr, missing))}; {available}: "
                "name one of these"
            )
        chosen = [*properties, *([] if structure is None else [structure])]
        for name in (columns[index] for index in chosen):
            if columns.count(name) > 1:
                raise DataError(
                    f"{path} has {columns.count(name)} columns {name!r}; rename all but one"
                )
        return structure, tuple(properties)


@dataclass(frozen=True)
class _Header:
    """The names in a header, the line where the rows begin, and what was skipped before."""

    names: list[str]
    first_line: int
    notes: tuple[str, ...] = ()


def find_layout(path: Path, lines: Sequence[str], choice: ColumnChoice) -> Layout:
    """The layout of a text table, judged by its first lines.

    The columns of a table without a header are called "1", "2" and so on.

    Raises:
        DataError: a wanted column is missing, or no column holds SMILES.
    """
    is_smi = is_smi_name(path)
    start = count_comments(lines)
    body = [line for line in lines[start:] if line.strip()]
    delimiter = _find_delimiter(body, is_smi)
    rows = _records(body, delimiter)
    header = _find_header(lines, start, rows, delimiter, choice.names, is_smi=is_smi)
    if header is None:
        if delimiter == _DELIMITERS[0] and _usual_width(rows) == 1:
            # As in a SMI file, a name may follow the SMILES.
            delimiter = WHITESPACE
            rows = _records(body, delimiter)
        names = [str(number + 1) for number in range(_usual_width(rows))]
        available = f"its first row is {list_names(rows[0])}"
        return replace(
            find_structures(display_name(path), names, rows, choice, available, is_smi=is_smi),
            delimiter=delimiter,
            has_header=False,
            first_line=start,
            is_smi=is_smi or delimiter == WHITESPACE,
            notes=_comment_notes(start, lines),
        )
    rows = _records([line for line in lines[header.first_line :] if line.strip()], delimiter)
    return replace(
        find_structures(display_name(path), header.names, rows, choice, is_smi=is_smi),
        delimiter=delimiter,
        first_line=header.first_line,
        is_smi=is_smi,
        notes=header.notes,
    )


def find_structures(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    choice: ColumnChoice,
    available: str | None = None,
    *,
    is_smi: bool = False,
) -> Layout:
    """The layout of a table whose rows are split already.

    Args:
        name: name of the table, for messages.
        columns: names of the columns.
        rows: the first rows.
        choice: columns that were asked for.
        available: what a message says about the columns; None lists them.
        is_smi: whether the molecules are in the first column unless a name says otherwise.

    Raises:
        DataError: a wanted column is missing, or no column holds SMILES.
    """
    available = available or f"it has {list_names(columns)}"
    structure, properties = choice.resolve(name, columns, available)
    if structure is None:
        structure = _smiles_index(columns, rows, is_smi)
    if structure is None:
        raise DataError(f"{name}: {_no_smiles(columns, rows)}; {available}: {_ADVICE}")
    return Layout("", tuple(columns), True, structure, properties, is_selfies=choice.is_selfies)


_ADVICE = "name the column (`smiles_column`), by its number where there is no header"


def is_smi_name(path: Path) -> bool:
    """Whether the name is that of a SMI file, compressed or not."""
    name = path.name.lower()
    for ending in _PACKED_NAMES:
        name = name.removesuffix(ending)
    return name.endswith(_SMI_NAMES)


def is_comment(line: str) -> bool:
    """Whether a line before the header is a comment."""
    return _COMMENT.match(line) is not None


def count_comments(lines: Sequence[str]) -> int:
    """Number of lines before the first that is neither blank nor a comment; 0 without such."""
    for number, line in enumerate(lines):
        if line.strip() and not is_comment(line):
            return number if any(before.strip() for before in lines[:number]) else 0
    return 0


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


def looks_like_smiles(text: str) -> bool:
    """Whether the text consists of atoms, bonds, brackets and ring numbers only."""
    return _SMILES_TEXT.match(text.strip()) is not None


def _records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
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
    return max(by_line, whole, key=_evenness)


def _evenness(rows: Sequence[Sequence[str]]) -> float:
    """Fraction of the rows with the usual number of fields; 0 where nothing is split."""
    width = _usual_width(rows)
    return sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 1


def _find_delimiter(lines: Sequence[str], is_smi: bool) -> str:
    """The delimiter that gives a column of SMILES and rows of the same number of fields."""
    best, best_merit = "", (False, 0.0, 0)
    for delimiter in ("\t",) if is_smi else (*_DELIMITERS, WHITESPACE):
        rows = _records(lines, delimiter)
        if delimiter == WHITESPACE and not _are_columns(lines, rows):
            continue
        width, share = _usual_width(rows), _evenness(rows)
        named = any(is_smiles_name(name) for row in rows[:_LONGEST_PREAMBLE] for name in row)
        shares = (_share(rows, index, looks_like_smiles) for index in range(width))
        has_smiles = named or any(share > 0.5 for share in shares)
        merit = (has_smiles, share, width)
        if share > 0.5 and merit > best_merit:
            best, best_merit = delimiter, merit
    # Nothing splits a table of one column, and a SMI file is split by blanks whatever follows.
    return best or (WHITESPACE if is_smi else _DELIMITERS[0])


def _are_columns(lines: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether blanks separate columns, and not the words of a name over a single column."""
    if len(rows[0]) != _usual_width(rows) or is_single_smiles_name(lines[0]):
        return False
    named = [index for index, name in enumerate(rows[0]) if is_smiles_name(name)]
    # Under `parent SMILES`, the first word of each row is the molecule.
    return not named or 0 in named or _smiles_share(rows[1:], 0) <= 0.5


def _find_header(
    lines: Sequence[str],
    start: int,
    rows: Sequence[Sequence[str]],
    delimiter: str,
    wanted: Sequence[str],
    *,
    is_smi: bool,
) -> _Header | None:
    """The header of the table; None where the first row is data."""
    # A number names a column of a table without a header.
    wanted = [name for name in wanted if not name.isdecimal()]
    if (header := _header_in_comments(lines[:start], rows, delimiter, wanted)) is not None:
        return header
    skipped = 0 if is_smi else _preamble_length(rows, wanted)
    names = [clean_name(name) for name in rows[skipped]] if rows else []
    if not skipped and not _is_header(names, rows[1:], wanted, is_smi):
        return None
    line = start
    for _ in range(skipped):
        line += _record_length(lines, line, delimiter)
    end = line + _record_length(lines, line, delimiter)
    notes = _comment_notes(start, lines)
    if skipped:
        notes += (f"{skipped} lines before the header were skipped",)
    return _Header(names, end, notes)


def _header_in_comments(
    comments: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str, wanted: Sequence[str]
) -> _Header | None:
    """A header behind a comment sign, such as `#smiles,y`, if the rows fit it."""
    for line in reversed(range(len(comments))):
        names = [clean_name(name) for name in split_fields(comments[line], delimiter)]
        if not names or not rows or len(names) != _usual_width(rows):
            continue
        names[0] = names[0].lstrip("#/ ") or names[0]
        # A comment about a single column is no header, though it may mention SMILES.
        is_structure = is_smiles_name if len(names) > 1 else is_plain_smiles_name
        fits = any(
            is_structure(name) and _smiles_share(rows, index) > 0.5
            for index, name in enumerate(names)
        )
        is_repeated = any(is_smiles_name(name) for name in rows[0])
        if (fits or _has_any(names, wanted)) and not is_repeated:
            before = [comment for comment in comments[:line] if comment.strip()]
            return _Header(names, len(comments), _comment_notes(len(before), before))
    return None


def _preamble_length(rows: Sequence[Sequence[str]], wanted: Sequence[str]) -> int:
    """Rows before the header, such as the title of a report; 0 where there are none."""
    width = _usual_width(rows)
    for number, row in enumerate(rows[:_LONGEST_PREAMBLE]):
        if len(row) == width and (any(map(is_smiles_name, row)) or _has_any(row, wanted)):
            return number
        if len(row) == width and any(map(_is_molecule, row)):
            return 0
        if any(len(field) > 1 and _is_molecule(field) for field in row):
            return 0
    return 0


def _is_header(
    names: list[str], rows: Sequence[Sequence[str]], wanted: Sequence[str], is_smi: bool
) -> bool:
    """Whether the first row holds names rather than data."""
    if any(map(is_smiles_name, names)) or _has_any(names, wanted):
        return True
    if any(map(_is_number, names)):
        return False
    if is_smi or len(names) == 1:
        if is_vague_name(names[0]):
            return True
        if is_smi:
            return False
    structures = [index for index in range(len(names)) if _smiles_share(rows, index) > 0.5]
    return bool(structures) and not any(_is_molecule(names[index]) for index in structures)


def _record_length(lines: Sequence[str], line: int, delimiter: str) -> int:
    """Lines that the record which begins here spans, blank lines before it included."""
    begin = line
    while line < len(lines) and not lines[line].strip():
        line += 1
    if delimiter != WHITESPACE:
        for length in range(1, LONGEST_RECORD + 1):
            if join_lines(lines[line : line + length], delimiter) is not None:
                return line - begin + length
    return line - begin + 1


def _comment_notes(start: int, lines: Sequence[str]) -> tuple[str, ...]:
    count = sum(bool(line.strip()) for line in lines[:start])
    lines_were = (
        "line before the first row was" if count == 1 else "lines before the first row were"
    )
    return (f"{count} comment {lines_were} skipped",) if count else ()


def _smiles_index(names: Sequence[str], rows: Sequence[Sequence[str]], is_smi: bool) -> int | None:
    """The column that is called SMILES, else the one whose fields look most like SMILES."""
    if (index := best_smiles_name(names)) is not None:
        return index
    if called := [index for index, name in enumerate(names) if is_smiles_name(name)]:
        # Not `n_smiles`, which counts them.
        called = [index for index in called if _smiles_share(rows, index) > 0.5] or called
        check_single([names[index] for index in called])
        return called[0]
    if is_smi:
        return 0
    if len(names) == 1:
        return None if _selfies_share(rows, 0) > 0.5 else 0
    # Among columns alike in that, the one with the longest text: formulas and codes are short.
    shares = [_smiles_share(rows, index) for index in range(len(names))]
    sizes = [
        sum(len(row[index]) for row in rows if index < len(row)) for index in range(len(names))
    ]
    best = max(
        range(len(names)),
        key=lambda index: (shares[index] > 0.5, is_vague_name(names[index]), sizes[index]),
    )
    return best if shares[best] > 0.5 else None


def _no_smiles(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    for index, name in enumerate(names):
        if _selfies_share(rows, index) > 0.5:
            return f"column {name!r} looks like SELFIES; choose it with `selfies_column`"
    return "no column looks like SMILES"


def _smiles_share(rows: Sequence[Sequence[str]], index: int) -> float:
    """Fraction of the fields of a column, up to a blank, that look like SMILES."""
    return _share(rows, index, lambda text: looks_like_smiles(text.split(maxsplit=1)[0]))


def _selfies_share(rows: Sequence[Sequence[str]], index: int) -> float:
    return _share(rows, index, lambda text: _SELFIES_TEXT.match(text.strip()) is not None)


def _share(rows: Sequence[Sequence[str]], index: int, test: Callable[[str], bool]) -> float:
    fields = [row[index] for row in rows if index < len(row) and row[index].strip()]
    return sum(map(test, fields)) / len(fields) if fields else 0.0


def _has_any(names: Iterable[str], wanted: Sequence[str]) -> bool:
    indices, _ = resolve_columns([clean_name(name) for name in names], wanted)
    return bool(indices)


def _is_molecule(text: str) -> bool:
    """Whether RDKit reads the text up to a blank."""
    first = next(iter(text.split(maxsplit=1)), "")
    if not looks_like_smiles(first):
        return False
    try:
        Molecule.parse(first)
    except MoleculeError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
