"""Draw leads of data/results/leads/leads.json beside their best proposals.

    python scripts/draw_leads.py 0 4 7

Writes lead_1.svg and so on beside the record, for the leads with these positions in it. What a
proposal has and its lead has not is highlighted.
"""

import sys
from pathlib import Path
from typing import Any

from molvae.chem.depiction import depiction
from molvae.chem.molecule import Molecule
from molvae.files import read_json

FOLDER = Path(__file__).parents[1] / "data" / "results" / "leads"
WIDTH, HEIGHT, LINE = 240, 170, 18
COLUMNS = 4


# Any: JSON values.
def picture(row: dict[str, Any]) -> str:
    """SVG of a lead and its best proposals in a row."""
    lead = Molecule.parse(row["lead"])
    cells = [(depiction(lead, WIDTH, HEIGHT), f"lead, QED {row['qed']:.2f}")]
    for proposal in row["best"][: COLUMNS - 1]:
        molecule = Molecule.parse(proposal["smiles"])
        caption = f"QED {proposal['qed']:.2f}, similarity {proposal['similarity']:.2f}"
        cells.append((depiction(molecule, WIDTH, HEIGHT, lead), caption))
    drawn = "".join(
        f'<g transform="translate({WIDTH * column},0)">{svg.partition("?>")[2].strip()}'
        f'<text x="{WIDTH / 2}" y="{HEIGHT + LINE * 0.7}" text-anchor="middle" '
        f'font-family="sans-serif" font-size="13">{caption}</text></g>'
        for column, (svg, caption) in enumerate(cells)
    )
    size = f'width="{WIDTH * len(cells)}" height="{HEIGHT + LINE}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        f'<rect width="100%" height="100%" fill="white"/>{drawn}</svg>\n'
    )


def main() -> None:
    """Write a picture of each lead."""
    rows = read_json(FOLDER / "leads.json")["leads"]
    for number, position in enumerate(map(int, sys.argv[1:]), start=1):
        path = FOLDER / f"lead_{number}.svg"
        path.write_text(picture(rows[position]), encoding="utf-8")
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
