"""Names of columns: which is meant, which are called SMILES, how they appear in an output."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from molvae.errors import DataError

_SMILES_NAMES = ("smiles", "canonicalsmiles", "isomericsmiles")
_SINGLE_NAMES = ("smilesstring", "smilescode", "smilesnotation", "smilesstructure")
_VAGUE_NAMES = ("structure", "structures", "molecule", "molecules", "mol", "smi", "compound")
_SHOWN_COLUMNS = 20
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\0"))


def clean_name(name: str) -> str:
    """A column's name without surrounding blanks and invisible characters."""
    return name.translate(_INVISIBLE).strip()


def find_column(names: Sequence[str], name: str) -> int | None:
    """Index of the column with that name; None where there is none.

    The exact name wins. Case, the kind and number of blanks, and the form of a character in
    Unicode matter only where two names differ in nothing else.
    """
    for reduce in (str, str.casefold, _fold):
        reduced = [reduce(candidate) for candidate in names]
        if reduce(name) in reduced:
            return reduced.index(reduce(name))
    return None


def resolve_columns(names: Sequence[str], wanted: Sequence[str]) -> tuple[list[int], list[str]]:
    """Indices of the wanted columns, and the wanted names that are in no column.

    A wanted name that is no column itself may list several, separated by commas. A column whose
    name holds commas is recognized there, too.
    """
    indices: list[int] = []
    missing: list[str] = []
    for text in wanted:
        if (index := find_column(names, text)) is not None:
            indices.append(index)
            continue
        pieces = text.split(",")
        while pieces:
            # The column that most of the first pieces name together.
            matches = (
                (find_column(names, clean_name(",".join(pieces[:count]))), count)
                for count in range(len(pieces), 0, -1)
            )
            index, used = next((row for row in matches if row[0] is not None), (None, 1))
            if index is not None:
                indices.append(index)
            elif pieces[0].strip():
                missing.append(pieces[0].strip())
            pieces = pieces[used:]
    return list(dict.fromkeys(indices)), missing


def is_smiles_name(name: str) -> bool:
    """Whether SMILES is in the name, as in `Canonical_SMILES` or `n_smiles`."""
    return "smiles" in plain_name(name)


def is_plain_smiles_name(name: str) -> bool:
    """Whether it is the usual name of a column of SMILES."""
    return plain_name(name) in _SMILES_NAMES


def is_single_smiles_name(text: str) -> bool:
    """Whether several words are the name of a single column, such as `SMILES string`."""
    return plain_name(text).removesuffix("s") in _SINGLE_NAMES or is_plain_smiles_name(text)


def best_smiles_name(names: Sequence[str]) -> int | None:
    """Index of the column that bears the usual name of a column of SMILES; None without one.

    Raises:
        DataError: several columns bear it.
    """
    plain = [plain_name(name) for name in names]
    for known in _SMILES_NAMES:
        if known in plain:
            check_single([name for name, short in zip(names, plain, strict=True) if short == known])
            return plain.index(known)
    return None


def is_vague_name(name: str) -> bool:
    """Whether a column of this name may hold structures, such as `compound`."""
    return plain_name(name) in _VAGUE_NAMES


def plain_name(name: str) -> str:
    """The letters and digits of a name, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def check_single(names: Sequence[str]) -> None:
    """Check that a single column is meant.

    Raises:
        DataError: several are called SMILES.
    """
    if len(names) > 1:
        raise DataError(
            f"{len(names)} columns are called SMILES: {list_names(names)}; "
            "choose one with `smiles_column`, and give each column a name of its own"
        )


def list_names(names: Sequence[str]) -> str:
    """Names for a message, no more than a reader wants to see."""
    more = f" and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
    return ", ".join(repr(name) for name in names[:_SHOWN_COLUMNS]) + more


def unique_names(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """The names with a number behind those that are there already, and a name for the nameless."""
    unique: list[str] = []
    seen = set(taken)
    counts: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        base = candidate = name or f"column_{number}"
        # Not from 1 each time: a table may have thousands of columns of one name.
        count = counts.get(base, 1)
        while candidate in seen:
            count += 1
            candidate = f"{base}_{count}"
        counts[base] = count
        seen.add(candidate)
        unique.append(candidate)
    return unique


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", clean_name(name)).casefold().lstrip("# ").split())


# Any: cells of any type.
def join_columns(
    columns: Mapping[str, Sequence[Any]], further: Sequence[Mapping[str, str]]
) -> dict[str, Sequence[Any]]:
    """The columns of a table, and behind them further cells of each row as columns.

    A further column whose name is there already gets `_input` behind its name.
    """
    names = list(dict.fromkeys(name for cells in further for name in cells))
    labels = [f"{name}_input" if name in columns else name for name in names]
    joined = dict(columns)
    for name, label in zip(names, unique_names(labels, [*columns]), strict=True):
        joined[label] = [cells.get(name, "") for cells in further]
    return joined
