"""Layout of a text table: its delimiter, where its header is, which column is which."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from molvae.dataset.containers import display_name
from molvae.dataset.fields import (
    WHITESPACE,
    evenness,
    looks_like_smiles,
    selfies_share,
    share_of_fields,
    smiles_share,
    split_fields,
    split_rows,
    usual_width,
)
from molvae.dataset.headers import (
    LONGEST_PREAMBLE,
    comment_notes,
    count_comments,
    find_header,
    fit_names,
)
from molvae.dataset.names import (
    best_smiles_name,
    check_single,
    find_column,
    is_single_smiles_name,
    is_smiles_name,
    is_vague_name,
    list_names,
    resolve_columns,
)
from molvae.errors import DataError

_DELIMITERS = (",", "\t", ";", "|")
_SMI_NAMES = (".smi", ".smiles", ".ism", ".can", ".cxsmiles", ".cxsmi")
_PACKED_NAMES = (".gz", ".bz2", ".xz", ".zip")


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
    rows = split_rows(body, delimiter)
    header = find_header(lines, start, rows, delimiter, choice.names, is_smi=is_smi)
    if header is None:
        if delimiter == _DELIMITERS[0] and usual_width(rows) == 1:
            # As in a SMI file, a name may follow the SMILES.
            delimiter = WHITESPACE
            rows = split_rows(body, delimiter)
        names = [str(number + 1) for number in range(usual_width(rows))]
        available = f"its first row is {list_names(rows[0])}"
        return replace(
            find_structures(display_name(path), names, rows, choice, available, is_smi=is_smi),
            delimiter=delimiter,
            has_header=False,
            first_line=start,
            is_smi=is_smi or delimiter == WHITESPACE,
            notes=comment_notes(start, lines),
        )
    rows = split_rows([line for line in lines[header.first_line :] if line.strip()], delimiter)
    names = header.names if delimiter == WHITESPACE else fit_names(header.names, rows)
    return replace(
        find_structures(display_name(path), names, rows, choice, is_smi=is_smi),
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
    if not columns:
        raise DataError(f"{name} has no columns; expected a molecule in each row")
    available = available or f"it has {list_names(columns)}"
    structure, properties = choice.resolve(name, columns, available)
    if structure is None:
        structure = _smiles_index(columns, rows, is_smi)
    if structure is None:
        problem = "no column looks like SMILES"
        for index, column in enumerate(columns):
            if selfies_share(rows, index) > 0.5:
                problem = f"column {column!r} looks like SELFIES; choose it with `selfies_column`"
                break
        raise DataError(f"{name}: {problem}; {available}: {_ADVICE}")
    return Layout("", tuple(columns), True, structure, properties, is_selfies=choice.is_selfies)


_ADVICE = "name the column (`smiles_column`), by its number where there is no header"


def is_smi_name(path: Path) -> bool:
    """Whether the name is that of a SMI file, compressed or not."""
    name = path.name.lower()
    for ending in _PACKED_NAMES:
        name = name.removesuffix(ending)
    return name.endswith(_SMI_NAMES)


def _find_delimiter(lines: Sequence[str], is_smi: bool) -> str:
    """The delimiter that gives a column of SMILES and rows of the same number of fields."""
    best, best_merit = "", (False, 0.0, 0)
    for delimiter in ("\t",) if is_smi else (*_DELIMITERS, WHITESPACE):
        rows = split_rows(lines, delimiter)
        # Blanks around another delimiter, or within names, would make more columns.
        is_found = best_merit[:2] == (True, 1.0)
        if delimiter == WHITESPACE and (is_found or not _are_columns(lines, rows)):
            continue
        width, share = usual_width(rows), evenness(rows)
        named = any(is_smiles_name(name) for row in rows[:LONGEST_PREAMBLE] for name in row)
        shares = (share_of_fields(rows, index, looks_like_smiles) for index in range(width))
        has_smiles = named or any(share > 0.5 for share in shares)
        merit = (has_smiles, share, width)
        if share > 0.5 and merit > best_merit:
            best, best_merit = delimiter, merit
    # Nothing splits a table of one column, and a SMI file is split by blanks whatever follows.
    return best or (WHITESPACE if is_smi else _DELIMITERS[0])


def _are_columns(lines: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether blanks separate columns, and not the words of a name over a single column."""
    if len(rows[0]) != usual_width(rows) or is_single_smiles_name(lines[0]):
        return False
    named = [index for index, name in enumerate(rows[0]) if is_smiles_name(name)]
    # Under `parent SMILES`, the first word of each row is the molecule.
    return not named or 0 in named or smiles_share(rows[1:], 0) <= 0.5


def _smiles_index(names: Sequence[str], rows: Sequence[Sequence[str]], is_smi: bool) -> int | None:
    """The column that is called SMILES, else the one whose fields look most like SMILES."""
    if (index := best_smiles_name(names)) is not None:
        return index
    if called := [index for index, name in enumerate(names) if is_smiles_name(name)]:
        # Not `n_smiles`, which counts them.
        called = [index for index in called if smiles_share(rows, index) > 0.5] or called
        check_single([names[index] for index in called])
        return called[0]
    if is_smi:
        return 0
    if len(names) == 1:
        return None if selfies_share(rows, 0) > 0.5 else 0
    # Among columns alike in that, the one with the longest text: formulas and codes are short.
    shares = [smiles_share(rows, index) for index in range(len(names))]
    sizes = [
        sum(len(row[index]) for row in rows if index < len(row)) for index in range(len(names))
    ]
    best = max(
        range(len(names)),
        key=lambda index: (shares[index] > 0.5, is_vague_name(names[index]), sizes[index]),
    )
    return best if shares[best] > 0.5 else None
