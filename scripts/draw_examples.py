"""Draw the molecules of data/results/examples/examples.json as pictures of the documents.

    python scripts/draw_examples.py

Writes molvae/docs/molecules.png: a row of generated molecules, and below it a lead and the
molecules that a search found around it; and molvae/docs/explore.png: completions of a scaffold,
and linkers between two fragments.
"""

from pathlib import Path
from typing import Any

from PIL import Image
from rdkit import Chem
from rdkit.Chem.Draw import MolsToGridImage

from molvae.files import read_json

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "data" / "results" / "examples" / "examples.json"
DOCUMENTS = ROOT / "molvae" / "docs"
COLUMNS = 4
COLORS = 32

Row = tuple[str, str, tuple[int, ...]]
"""SMILES, caption, and the atoms that are highlighted."""


def main() -> None:
    """Draw and save both pictures."""
    record = read_json(RECORD)
    generated = record["generated"]["molecules"][:COLUMNS]
    lead = record["lead"]
    searched = [
        (lead["smiles"], f"lead, {figures(lead)}", ()),
        *((row["smiles"], figures(row), ()) for row in lead["found"][: COLUMNS - 1]),
    ]
    draw([*((smiles, "generated", ()) for smiles in generated), *searched], "molecules.png")
    completed = completions(record["completion"], "substituent")
    draw([*completed, *completions(record["link"], "linker")], "explore.png")


def draw(rows: list[Row], name: str) -> None:
    """Draw molecules in a grid, with few colors, which keeps the file small."""
    image: Image.Image = MolsToGridImage(
        [Chem.MolFromSmiles(smiles) for smiles, _, _ in rows],
        molsPerRow=COLUMNS,
        subImgSize=(250, 170),
        legends=[legend for _, legend, _ in rows],
        highlightAtomLists=[atoms for _, _, atoms in rows],
    )
    path = DOCUMENTS / name
    image.convert("RGB").quantize(COLORS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


# Any: JSON values.
def completions(record: dict[str, Any], title: str) -> list[Row]:
    """The likeliest completions, with the atoms of the scaffold highlighted."""
    # Without its attachment points, since any atom may stand there.
    pieces = record["scaffold"].replace("[*:1]", "").replace("[*:2]", "").split(".")
    rows: list[Row] = []
    for molecule in record["molecules"][:COLUMNS]:
        mol = Chem.MolFromSmiles(molecule["smiles"])
        atoms = {
            atom for piece in pieces for atom in mol.GetSubstructMatch(Chem.MolFromSmarts(piece))
        }
        rows.append((molecule["smiles"], title, tuple(sorted(atoms))))
    return rows


def figures(molecule: dict[str, Any]) -> str:
    """Caption of a molecule of the search."""
    return f"score {molecule['score']:.2f}, logP {molecule['logp']:.1f}"


if __name__ == "__main__":
    main()
