"""Draw the molecules of data/results/examples/examples.json as the picture of README.md.

    python scripts/draw_examples.py

Writes molvae/docs/molecules.png: a row of generated molecules, and below it a lead and the
molecules that a search found around it.
"""

from pathlib import Path
from typing import Any

from PIL import Image
from rdkit import Chem
from rdkit.Chem.Draw import MolsToGridImage

from molvae.files import read_json

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "data" / "results" / "examples" / "examples.json"
PICTURE = ROOT / "molvae" / "docs" / "molecules.png"
COLUMNS = 4
COLORS = 32


def main() -> None:
    """Draw and save the picture with few colors, which keeps it small."""
    record = read_json(RECORD)
    generated = record["generated"]["molecules"][:COLUMNS]
    rows = [
        *((smiles, "generated") for smiles in generated),
        (record["lead"]["smiles"], f"lead, {figures(record['lead'])}"),
        *((row["smiles"], figures(row)) for row in record["lead"]["found"][: COLUMNS - 1]),
    ]
    image: Image.Image = MolsToGridImage(
        [Chem.MolFromSmiles(smiles) for smiles, _ in rows],
        molsPerRow=COLUMNS,
        subImgSize=(250, 170),
        legends=[legend for _, legend in rows],
    )
    image.convert("RGB").quantize(COLORS).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e3:.0f} kB")


# Any: JSON values.
def figures(molecule: dict[str, Any]) -> str:
    """Caption of a molecule of the search."""
    return f"score {molecule['score']:.2f}, logP {molecule['logp']:.1f}"


if __name__ == "__main__":
    main()
