"""The script that checks that molecules survive SELFIES."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_molecule_is_identical_changed_with_a_reason_or_refused(tmp_path):
    smiles = tmp_path / "few.smi"
    smiles.write_text("CCO ethanol\nC[C@H](O)F |&1:1| racemate\nCC[O-].[Na+]\nrubbish\n")
    script = ROOT / "scripts" / "check_identity.py"
    done = subprocess.run(
        [sys.executable, script, smiles, "--out", tmp_path / "counts.json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    counts = dict(line.split(maxsplit=1)[::-1] for line in done.stdout.splitlines()[1:])
    record = json.loads((tmp_path / "counts.json").read_text())
    assert {name: str(n) for name, n in record["identity"]["few.smi"].items()} == counts
    assert counts["identical"] == "1"
    assert counts["identical after reported changes"] == "2"
    assert counts["changed: marks of stereochemistry removed"] == "1"
    assert counts["refused: invalid SMILES"] == "1"
