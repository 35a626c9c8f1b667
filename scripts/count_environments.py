"""Count atom environments over files of SMILES, for the tables in `molvae/chem`.

    python scripts/count_environments.py chembl.smi.gz zinc250k.smi.gz
    python scripts/count_environments.py --detailed chembl.smi.gz

The shipped tables were counted over 537,000 molecules of ChEMBL, and the first also over 249,000 of
ZINC250k, which takes some ten minutes on one core.
"""

import argparse
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from molvae.chem.clean_molecules import clean_smiles
from molvae.chem.environments import detailed_environments, environment_hash, environments
from molvae.chem.molecule import Molecule
from molvae.chem.reading import split_name
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

_TABLES = Path(__file__).parents[1] / "molvae" / "chem"
_FEWEST = 3
"""Molecules that an environment needs to be listed: fewer would be chance."""


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="SMI files, plain or gzip")
    parser.add_argument("--detailed", action="store_true", help="count detailed environments")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    find = detailed_environments if arguments.detailed else environments
    name = "detailed_environments.csv" if arguments.detailed else "environments.csv"
    molecules, counts = 0, Counter[str]()
    for path in arguments.files:
        for molecule in _read(path):
            molecules += 1
            forms = [molecule, *_neutral_forms(molecule)]
            counts.update({name for form in forms for name in find(form.mol)})
    write_table(arguments.out or _TABLES / name, molecules, counts)


def write_table(path: Path, molecules: int, counts: Counter[str]) -> None:
    """Write the number of molecules, then hash and count of each environment in base 36 and 10."""
    listed = {
        _base_36(environment_hash(environment)): count
        for environment, count in counts.items()
        if count >= _FEWEST
    }
    rows = [f"{key},{count}" for key, count in sorted(listed.items())]
    path.write_text("\n".join([f"{molecules} molecules", *rows, ""]), encoding="utf-8")


def _read(path: Path) -> Iterator[Molecule]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield Molecule.parse(split_name(line).smiles)
            except MoleculeError:
                continue


def _neutral_forms(molecule: Molecule) -> list[Molecule]:
    """The molecule as a search cleans it, if it has charges: some write sulfoxides with two."""
    if "+" not in molecule.smiles and "-]" not in molecule.smiles:
        return []
    cleaned = clean_smiles([molecule.smiles], StandardizeConfig(neutralize=True))
    return [Molecule.parse(row.smiles) for row in cleaned if row is not None]


def _base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"


if __name__ == "__main__":
    main()
