"""Samples of a generator as they stand in a file, without cleaning or merging."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from molvae.chem.notation import Selfies
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
    def read(cls, path: Path, smiles_column: str | None = None) -> "Samples":
        """The samples in a table; a column `symbols` holds their SELFIES.

        A column of that name without any SELFIES is ignored, such as the counts that `molvae
        likelihood` writes. A row that cannot be read counts as an invalid sample. Blank lines are
        skipped, so an empty SMILES counts only in a table with another column.

        Raises:
            DataError: the file cannot be read, is empty, or lacks the column.
        """
        table = Table.open(path, smiles_column)
        smiles = list(table.texts())
        if not (table.layout.has_header and _SYMBOLS_COLUMN in table.layout.columns):
            return cls(smiles)
        symbols = ["".join(text.split()) for text in Table.open(path, _SYMBOLS_COLUMN).texts()]
        if not any(text.startswith("[") for text in symbols):
            return cls(smiles)
        return cls(smiles, [tuple(_SYMBOL.findall(text)) for text in symbols])


def read_smiles(path: Path, smiles_column: str | None = None) -> list[str]:
    """The SMILES of a table without cleaning; "" for a row that cannot be read.

    Raises:
        DataError: the file cannot be read, is empty, or lacks the column.
    """
    return list(Table.open(path, smiles_column).texts())
