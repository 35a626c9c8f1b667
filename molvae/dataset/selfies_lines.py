"""SELFIES of a text file as they stand, without cleaning or canonical order."""

from pathlib import Path

from molvae.chem.notation import Selfies, split_symbols
from molvae.dataset.containers import display_name, local_path
from molvae.dataset.text import open_lines
from molvae.errors import DataError


def read_selfies_lines(path: Path) -> list[Selfies]:
    """The symbols of the SELFIES on each line; empty lines are skipped.

    Raises:
        DataError: the file cannot be read, or a line is no SELFIES.
    """
    rows = []
    with open_lines(local_path(path)) as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if not text:
                continue
            symbols = split_symbols(text)
            if symbols is None:
                raise DataError(
                    f"{display_name(path)}, line {number}: {text[:60]!r} is no SELFIES such as "
                    "'[C][C][O]'"
                )
            rows.append(symbols)
    return rows
