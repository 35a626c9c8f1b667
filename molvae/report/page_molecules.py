"""PageMolecules: molecules with their values, as compact JSON that the script of a page reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from jaxtyping import Float64

from molvae.chem.compact_structure import compact_structure
from molvae.chem.molecule import Molecule

MAX_MOLECULES = 10_000
"""Molecules that a page shows at most."""
_DIGITS = 6

Projections = Mapping[str, Float64[np.ndarray, "molecule 2"]]
"""Positions on a map by its name; NaN for a molecule without a position."""

Cells = Sequence[float | int] | Sequence[str]
"""Numbers (NaN: missing) or texts, one per molecule."""


@dataclass(frozen=True)
class PageMolecules:
    """Molecules with named values, and their positions on maps."""

    name: str
    """Stem of the names of files that are downloaded."""
    molecules: Sequence[Molecule]
    columns: Mapping[str, Cells] = field(default_factory=dict)
    """Values of the molecules, by name."""
    drawn: Mapping[str, Sequence[Molecule | None]] = field(default_factory=dict)
    """Further molecules to draw beside each, by name."""
    projections: Projections = field(default_factory=dict)
    is_table: bool = False
    """Whether a page starts with table rows rather than with cards."""

    def json(self) -> str:
        """The set as JSON without `<`, so that it can stand inside a script element."""
        structures = {"smiles": self.molecules, **self.drawn}
        columns = [_structure_column(name, row) for name, row in structures.items()]
        for name, values in self.columns.items():
            cells = [_number(cell) if isinstance(cell, float) else cell for cell in values]
            kind = "text" if any(isinstance(cell, str) for cell in cells) else "number"
            columns.append({"name": name, "kind": kind, "cells": cells})
        maps = {}
        for name, positions in self.projections.items():
            low, high = np.nanmin(positions, axis=0), np.nanmax(positions, axis=0)
            x, y = ((positions - low) / np.where(high > low, high - low, 1.0)).T
            # Shares of the width from the left and of the height from the top.
            axes = (x.tolist(), (1.0 - y).tolist())
            maps[name] = [[_number(value, 4) for value in axis] for axis in axes]
        content = {
            "name": self.name,
            "rows": len(self.molecules),
            "table": self.is_table,
            "columns": columns,
            "maps": maps,
        }
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.replace("<", "\\u003c")


def _structure_column(name: str, molecules: Sequence[Molecule | None]) -> dict[str, object]:
    """A column of SMILES with what the script needs to draw them."""
    # A nearest neighbor may be that of many molecules.
    distinct = {molecule.smiles: molecule for molecule in molecules if molecule is not None}
    index = {smiles: position for position, smiles in enumerate(distinct)}
    return {
        "name": name,
        "kind": "molecule",
        "smiles": list(distinct),
        "structures": [compact_structure(molecule) for molecule in distinct.values()],
        "cells": [None if molecule is None else index[molecule.smiles] for molecule in molecules],
    }


def _number(value: float, digits: int = _DIGITS) -> float | int | None:
    """A fraction of few digits, or the integer if it is whole; None for NaN, which JSON lacks."""
    if not isfinite(value):
        return None
    short = value if value.is_integer() else float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() else short
