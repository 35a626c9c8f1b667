"""The header of a text table: its names, and the comments and title lines before it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from molvae.dataset.fields import (
    LONGEST_RECORD,
    WHITESPACE,
    is_molecule,
    join_lines,
    looks_like_smiles,
    smiles_share,
    split_fields,
    usual_width,
)
from molvae.dataset.names import (
    clean_name,
    is_plain_smiles_name,
    is_smiles_name,
    is_vague_name,
    list_names,
    resolve_columns,
)

LONGEST_PREAMBLE = 30
_SMILES_MARK = re.compile(r"[][()=#@/\\.*%+-]|[0-9].*[0-9]|[0-9][A-Za-z]")
_COMMENT = re.compile(r'\s*"?(#|//|%)')


@dataclass(frozen=True)
class Header:
    """The names in a header, the line where the rows begin, and what was skipped before."""

    names: list[str]
    first_line: int
    notes: tuple[str, ...] = ()


def find_header(
    lines: Sequence[str],
    start: int,
    rows: Sequence[Sequence[str]],
    delimiter: str,
    wanted: Sequence[str],
    *,
    is_smi: bool,
) -> Header | None:
    """The header of the table; None where the first row is data."""
    # A number names a column of a table without a header.
    wanted = [name for name in wanted if not name.isdecimal()]
    if (header := _header_in_comments(lines[:start], rows, delimiter, wanted)) is not None:
        return header
    skipped = 0 if is_smi else _preamble_length(rows, wanted)
    names = [clean_name(name) for name in rows[skipped]] if rows else []
    if not skipped and not _is_header(names, rows[1:], wanted, delimiter, is_smi):
        return None
    line = start
    for _ in range(skipped):
        line += _record_length(lines, line, delimiter)
    end = line + _record_length(lines, line, delimiter)
    notes = comment_notes(start, lines)
    if skipped:
        lines_were = (
            "line before the header was" if skipped == 1 else "lines before the header were"
        )
        notes += (f"{skipped} {lines_were} skipped",)
    is_known = any(is_smiles_name(name) or is_vague_name(name) for name in names)
    if not is_known and not _has_any(names, wanted):
        notes += (f"the first row was taken for the header: {list_names(names)}",)
    return Header(names, end, notes)


def fit_names(names: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The names, with empty ones for columns that the header leaves out.

    Tables of R have no name over the names of the rows, which come first.
    """
    missing = usual_width(rows) - len(names)
    if missing <= 0:
        return names
    structures = [index for index, name in enumerate(names) if is_smiles_name(name)]
    is_shifted = structures and smiles_share(rows, structures[0]) <= 0.5
    fits = is_shifted and smiles_share(rows, structures[0] + missing) > 0.5
    return [*[""] * missing, *names] if fits else [*names, *[""] * missing]


def is_comment(line: str) -> bool:
    """Whether a line before the header is a comment."""
    return _COMMENT.match(line) is not None


def count_comments(lines: Sequence[str]) -> int:
    """Number of lines before the first that is neither blank nor a comment; 0 without such."""
    for number, line in enumerate(lines):
        if line.strip() and not is_comment(line):
            return number if any(before.strip() for before in lines[:number]) else 0
    return 0


def comment_notes(start: int, lines: Sequence[str]) -> tuple[str, ...]:
    """A note on the comment lines before line `start`; empty where there are none."""
    count = sum(bool(line.strip()) for line in lines[:start])
    lines_were = (
        "line before the first row was" if count == 1 else "lines before the first row were"
    )
    return (f"{count} comment {lines_were} skipped",) if count else ()


def _header_in_comments(
    comments: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str, wanted: Sequence[str]
) -> Header | None:
    """A header behind a comment sign, such as `#smiles,y`, if the rows fit it."""
    for line in reversed(range(len(comments))):
        names = [clean_name(name) for name in split_fields(comments[line], delimiter)]
        if not names or not rows or len(names) != usual_width(rows):
            continue
        names[0] = names[0].lstrip("#/ ") or names[0]
        # A comment about a single column is no header, though it may mention SMILES.
        is_structure = is_smiles_name if len(names) > 1 else is_plain_smiles_name
        fits = any(
            is_structure(name) and smiles_share(rows, index) > 0.5
            for index, name in enumerate(names)
        )
        is_repeated = any(is_smiles_name(name) for name in rows[0])
        if (fits or _has_any(names, wanted)) and not is_repeated:
            before = [comment for comment in comments[:line] if comment.strip()]
            return Header(names, len(comments), comment_notes(len(before), before))
    return None


def _preamble_length(rows: Sequence[Sequence[str]], wanted: Sequence[str]) -> int:
    """Rows before the header, such as the title of a report; 0 where there are none."""
    width = usual_width(rows)
    for number, row in enumerate(rows[:LONGEST_PREAMBLE]):
        if len(row) == width and (any(map(is_smiles_name, row)) or _has_any(row, wanted)):
            return number
        if len(row) == width and any(map(is_molecule, row)):
            return 0
        if any(len(field) > 1 and is_molecule(field) for field in row):
            return 0
    return 0


def _is_header(
    names: list[str],
    rows: Sequence[Sequence[str]],
    wanted: Sequence[str],
    delimiter: str,
    is_smi: bool,
) -> bool:
    """Whether the first row holds names rather than data."""
    if _has_any(names, wanted):
        return True
    if any(map(is_smiles_name, names)):
        # A sentence about the SMILES that stand in the first column is no header.
        is_split = delimiter == WHITESPACE and smiles_share(rows, 0) > 0.5
        return not is_split or is_smiles_name(names[0])
    if any(map(_is_number, names)):
        return False
    if is_smi or len(names) == 1:
        if is_vague_name(names[0]):
            return True
        if is_smi:
            return False
    structures = [index for index in range(len(names)) if smiles_share(rows, index) > 0.5]
    return bool(structures) and not any(
        is_molecule(names[index]) or _is_broken_molecule(names[index]) for index in structures
    )


def _is_broken_molecule(text: str) -> bool:
    """Whether the text looks like SMILES by more than its letters, though no molecule is read."""
    return looks_like_smiles(text) and _SMILES_MARK.search(text) is not None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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


def _has_any(names: Iterable[str], wanted: Sequence[str]) -> bool:
    indices, _ = resolve_columns([clean_name(name) for name in names], wanted)
    return bool(indices)
