"""The texts to be measured, as they stand in a file: nothing is cleaned, merged or passed over."""

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
    """What a generator gave, in its order."""

    smiles: Sequence[str]
    """Invalid ones and duplicates among them."""
    selfies_rows: Sequence[Selfies] | None = None
    """Symbols as they were drawn, one spelling per SMILES; None where they are not known."""

    def __post_init__(self) -> None:
        if not self.smiles:
            raise ConfigError("no samples to evaluate")
        if self.selfies_rows is not None and len(self.selfies_rows) != len(self.smiles):
            raise ConfigError(f"{len(self.selfies_rows)} spellings of {len(self.smiles)} samples")

    @classmethod
    def read(cls, path: Path, smiles_column: str | None = None) -> "Samples":
        """The samples in a table; a column `symbols` holds SELFIES as they were drawn.

        Such a column without any SELFIES is something else, as the counts of `molvae likelihood`.
        A row that cannot be read counts as an invalid sample. Blank lines are no rows, so an empty
        SMILES is only seen beside another column.

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
    """The SMILES of a table, as they stand there; "" for a row that cannot be read.

    Raises:
        DataError: the file cannot be read, is empty, or lacks the column.
    """
    return list(Table.open(path, smiles_column).texts())
