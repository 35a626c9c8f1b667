"""Depiction of a molecule as an image."""

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
