"""Samples of a generator as they stand in a file, without cleaning or merging."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from molvae.chem.notation import Selfies
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.tables import Table
from molvae.errors import ConfigError

_SYMBOLS_COLUMN = "symbols"
_SYMBOL = re.compile(r"\[[^\]]*\]?|\.|[^\[.]+")


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of a generator, in order."""

    smiles: Sequence[str]
    """SMILES, including invalid ones and duplicates."""
    selfies_rows: Sequence[Selfies] | None = None
    """SELFIES of each sample as it was decoded; None if they are not known."""

    def __post_init__(self) -> None:
        if not self.smiles:
            raise ConfigError("no samples to evaluate")
        if self.selfies_rows is not None and len(self.selfies_rows) != len(self.smiles):
            raise ConfigError(f"{len(self.selfies_rows)} SELFIES for {len(self.smiles)} samples")

    @classmethod
    def read(cls, path: Path, columns: ColumnChoice | None = None) -> "Samples":
        """The samples in a table; a column `symbols` holds their SELFIES.

        A column of that name without any SELFIES is ignored, such as the counts that `molvae
        likelihood` writes. A row that cannot be read counts as an invalid sample. Blank lines are
        skipped, so an empty SMILES counts only in a table with another column.

        Args:
            path: file of samples.
            columns: the column to read; None finds the SMILES. A column of SELFIES is taken for
                the SELFIES as they were sampled.

        Raises:
            DataError: the file cannot be read, is empty, or lacks the column.
        """
        columns = columns or ColumnChoice()
        table = _open_table(path, columns)
        smiles = list(table.texts())
        name = columns.selfies or _SYMBOLS_COLUMN
        if not (columns.selfies or (table.layout.has_header and name in table.layout.columns)):
            return cls(smiles)
        symbols = ["".join(text.split()) for text in Table.open(path, name).texts()]
        if not any(text.startswith("[") for text in symbols):
            return cls(smiles)
        return cls(smiles, [tuple(_SYMBOL.findall(text)) for text in symbols])


def read_smiles(path: Path, columns: ColumnChoice | None = None) -> list[str]:
    """The SMILES of a table without cleaning; "" for a row that cannot be read.

    Args:
        path: file of molecules.
        columns: the column to read; None finds the SMILES.

    Raises:
        DataError: the file cannot be read, is empty, or lacks the column.
    """
    return list(_open_table(path, columns or ColumnChoice()).texts())


def _open_table(path: Path, columns: ColumnChoice) -> Table:
    return Table.open(path, columns.smiles, selfies_column=columns.selfies)
