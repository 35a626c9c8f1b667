"""Listing: a short table that a command prints, or writes to a file."""

import json
from dataclasses import dataclass
from pathlib import Path

from molvae.cli.flags import Screen
from molvae.tables import Cell, Columns, TableFile


@dataclass(frozen=True)
class Listing:
    """Where the table goes."""

    file: TableFile | None
    """None: to the screen."""

    @classmethod
    def at(cls, out: Path | None) -> "Listing":
        """The file of that name, or the screen.

        Raises:
            FileError: it cannot be written to.
        """
        return cls(None if out is None else TableFile.at(out))

    def write(self, columns: Columns, screen: Screen) -> None:
        """Write the table; on the screen a header and a line each, tabs between, or JSON."""
        rows = list(zip(*columns.values(), strict=True))
        if self.file is not None:
            self.file.write(columns)
            outcome = {"out": str(self.file.path), "molecules": len(rows)}
            screen.tell(outcome, f"{self.file.path}: {len(rows)} molecules")
        elif screen.json:
            print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        else:
            print("\t".join(columns))
            for row in rows:
                print("\t".join(map(_text, row)))


def _text(cell: Cell) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
