"""Check that molecules survive SELFIES unchanged, or are refused or changed with a stated reason.

    python scripts/check_identity.py molecules.smi.gz --every 5

Each SMILES is cleaned, encoded as SELFIES and decoded. Cleaning counts as silent if it reports no
change although RDKit's newer stereo perception, which molvae does not use, tells input and output
apart. The exit status is 1 if any molecule is changed silently.
"""

import argparse
import gzip
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rdkit import Chem, rdBase

from molvae.chem.notation import from_selfies, to_selfies
from molvae.chem.reading import STEREO_MARKS, split_name
from molvae.chem.standardize import standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError
from molvae.files import write_json
from molvae.runs import provenance


def main() -> int:
    """Check each file and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="SMI files, plain or gzip")
    parser.add_argument("--every", type=int, default=1, help="check every n-th line")
    parser.add_argument("--out", type=Path, help="JSON file for the counts")
    arguments = parser.parse_args()
    rdBase.DisableLog("rdApp.*")
    config = StandardizeConfig()
    counts: dict[str, dict[str, int]] = {}
    for path in arguments.files:
        outcomes = Counter[str]()
        for smiles in islice(_read(path), 0, None, arguments.every):
            outcome = check(smiles, config)
            outcomes.update(outcome)
            if outcome[0] == "changed silently":
                sys.stderr.write(f"{smiles}\n")
        counts[str(path)] = dict(outcomes.most_common())
        listed = [f"{count:8d}  {outcome}" for outcome, count in outcomes.most_common()]
        sys.stdout.write("\n".join([str(path), *listed, ""]))
    if arguments.out:
        write_json(arguments.out, {"identity": counts, "provenance": provenance(0)})
    return int(any("changed silently" in outcomes for outcomes in counts.values()))


def check(smiles: str, config: StandardizeConfig) -> list[str]:
    """The outcome for a molecule, and the changes that cleaning reports."""
    try:
        molecule = standardize(smiles, config)
        decoded = from_selfies(to_selfies(molecule))
    except MoleculeError as error:
        return [f"refused: {error.reason}"]
    changes = [f"changed: {change}" for change in molecule.changes]
    has_stereo = not STEREO_MARKS.isdisjoint(smiles)
    is_silent = has_stereo and not changes and _tells_apart(smiles, molecule.smiles)
    if decoded != molecule or is_silent:
        return ["changed silently", *changes]
    return ["identical after reported changes" if changes else "identical", *changes]


def _tells_apart(first: str, second: str) -> bool:
    """Whether RDKit's newer stereo perception takes two SMILES for two molecules."""
    Chem.SetUseLegacyStereoPerception(False)
    try:
        return bool(_canonical(first) != _canonical(second))
    finally:
        Chem.SetUseLegacyStereoPerception(True)


def _canonical(smiles: str) -> str:
    """Canonical SMILES, read twice: the newer perception needs that to settle."""
    return str(Chem.CanonSmiles(Chem.CanonSmiles(smiles)))


def _read(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield split_name(line).smiles


if __name__ == "__main__":
    sys.exit(main())
