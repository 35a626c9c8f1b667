"""Make data/moses_sample.csv: python scripts/make_moses_sample.py [--wheel FILE].

Draws molecules from the MOSES train set with a fixed seed and adds logP (Crippen) and QED, both by
RDKit. Last digits may differ with another version of RDKit; data/README.md names the one used.
"""

import argparse
import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.dataset.moses import fetch_moses
from molvae.files import atomic_write, sha256

ROWS = 20_000
SEED = 0
PROPERTIES = ("logp", "qed")
DATA = Path(__file__).parent.parent / "data"


def main() -> None:
    """Write the file and print its SHA-256."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="wheel of molsets 0.3.1; downloaded if absent")
    parser.add_argument("--out", type=Path, default=DATA / "moses_sample.csv")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        train = fetch_moses(Path(folder), arguments.wheel, progress=True)["train"]
        smiles = train.read_text(encoding="utf-8").split()[1:]
    # Not sorted, so that the first rows are a random sample too.
    chosen = np.random.default_rng(SEED).choice(len(smiles), ROWS, replace=False)
    with atomic_write(arguments.out) as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("smiles", *PROPERTIES))
        for row in chosen:
            values = property_values(Molecule.parse(smiles[row]), PROPERTIES)
            table.writerow((smiles[row], *(f"{values[name]:.4f}" for name in PROPERTIES)))
    print(f"{arguments.out}: {ROWS} rows, SHA-256 {sha256(arguments.out)}")


if __name__ == "__main__":
    main()
