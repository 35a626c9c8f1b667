"""Depiction of a molecule as an image."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rdkit import Chem
from rdkit.Chem import Mol, rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D
from rdkit.Chem.rdFMCS import FindMCS

from molvae.chem.molecule import Molecule

_HIGHLIGHT = (1.0, 0.76, 0.35)
_MCS_SECONDS = 2
_MIN_COMMON_ATOMS = 3
"""Atoms in common from which a molecule is aligned to another."""


def depiction(
    molecule: Molecule, width: int = 240, height: int = 170, reference: Molecule | None = None
) -> str:
    """Structural formula as SVG without background.

    Args:
        molecule: molecule to draw.
        width: width in pixels.
        height: height in pixels.
        reference: molecule to align to: the largest substructure in common lies as in the drawing
            of the reference, and the other atoms are highlighted. Molecules with fewer than three
            atoms in common, and those whose common substructure is not found within two seconds,
            are drawn as without a reference.
    """
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    # Any: RDKit's stubs give these options the wrong types.
    options: Any = drawer.drawOptions()
    options.clearBackground = False
    options.padding = 0.06
    mol = Chem.Mol(molecule.mol)
    atoms = [] if reference is None else _align(mol, reference)
    bonds = [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if not {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}.isdisjoint(atoms)
    ]
    options.setHighlightColour(_HIGHLIGHT)
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol, highlightAtoms=atoms, highlightBonds=bonds)
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())


def _align(mol: Mol, reference: Molecule) -> list[int]:
    """Give a molecule coordinates like those of the reference; the atoms that the latter lacks."""
    template = Chem.Mol(reference.mol)
    rdDepictor.Compute2DCoords(template)
    common = FindMCS([template, mol], timeout=_MCS_SECONDS, ringMatchesRingOnly=True)
    if common.canceled:
        # How much had been found by then depends on the load of the machine.
        return []
    pattern = Chem.MolFromSmarts(common.smartsString)
    matches = template.GetSubstructMatch(pattern), mol.GetSubstructMatch(pattern)
    # RDKit's own option for complete rings takes seconds for some pairs.
    # Atoms of rings of which no ring lies in the match as a whole.
    broken = []
    for structure, match in zip((template, mol), matches, strict=True):
        rings = structure.GetRingInfo().AtomRings()
        whole = {index for ring in rings if set(ring) <= set(match) for index in ring}
        broken.append({index for ring in rings for index in ring} - whole)
    pairs = [
        (index, mine)
        for index, mine in zip(*matches, strict=True)
        if index not in broken[0] and mine not in broken[1]
    ]
    if len(pairs) < _MIN_COMMON_ATOMS:
        return []
    rdDepictor.GenerateDepictionMatching2DStructure(mol, template, atomMap=pairs)
    return sorted(set(range(mol.GetNumAtoms())).difference(index for _, index in pairs))


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
