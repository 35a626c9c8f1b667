"""Depiction of a molecule as an image."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rdkit.Chem.Draw import rdMolDraw2D

from molvae.chem.molecule import Molecule


def depiction(molecule: Molecule, width: int = 240, height: int = 170) -> str:
    """Structural formula as SVG without background; width and height are in pixels."""
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    # Any: RDKit's stubs give these options the wrong types.
    options: Any = drawer.drawOptions()
    options.clearBackground = False
    options.padding = 0.06
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule.mol)
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())


def depiction_cell(molecule: Molecule, caption: str | None = None) -> str:
    """Structural formula over a caption, by default the SMILES, as HTML."""
    svg = depiction(molecule).partition("?>")[2].strip()
    text = escape(molecule.smiles if caption is None else caption)
    return f"<div>{svg}<br><small>{text}</small></div>"


def depiction_table(title: str, rows: Sequence[tuple[str, Mapping[str, float | str]]]) -> str:
    """A table of molecules with their values, as HTML.

    Args:
        title: text above the table.
        rows: canonical SMILES and values by name of each molecule.
    """
    names = list(rows[0][1]) if rows else []
    head = "".join(f"<th>{escape(name)}</th>" for name in ("molecule", *names))
    body = ""
    for smiles, values in rows:
        cells = [depiction_cell(Molecule.parse(smiles))]
        for value in map(values.__getitem__, names):
            cells.append(f"{value:.3g}" if isinstance(value, float) else escape(str(value)))
        body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return f"<p>{escape(title)}</p><table><tr>{head}</tr>{body}</table>"
