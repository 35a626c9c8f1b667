"""Listing: a short table that a command prints or writes to a file."""

import json
from dataclasses import dataclass
from pathlib import Path

from molvae.cli.output import Output
from molvae.files import escape_control_characters
from molvae.tables import Columns, TableFile


@dataclass(frozen=True)
class Listing:
    """A table for a file or for the screen."""

    file: TableFile | None
    """None: the table is printed."""

    @classmethod
    def at(cls, out: Path | None) -> "Listing":
        """A listing that goes to the file of that name; None prints it.

        Raises:
            FileError: the file cannot be written.
        """
        return cls(None if out is None else TableFile.at(out))

    def write(self, columns: Columns, output: Output) -> None:
        """Write the table; on the screen a header and one row per line, with tabs, or JSON."""
        rows = list(zip(*columns.values(), strict=True))
        if self.file is not None:
            self.file.write(columns)
            result = {"out": str(self.file.path), "molecules": len(rows)}
            text = f"{self.file.path}: {len(rows)} molecules"
            output.show(result, text, to_stderr=self.file.is_standard_output)
        elif output.json:
            print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        else:
            print("\t".join(columns))
            for row in rows:
                cells = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row]
                print("\t".join(escape_control_characters(cell) for cell in cells))
