"""The script that checks that molecules survive SELFIES."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def check(*words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "check_identity.py", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_each_molecule_is_identical_changed_with_a_reason_or_refused(tmp_path):
    smiles = tmp_path / "few.smi"
    smiles.write_text("CCO ethanol\nC[C@H](O)F |&1:1| racemate\nCC[O-].[Na+]\nrubbish\n")
    done = check(smiles, "--out", tmp_path / "counts.json")
    assert done.returncode == 0, done.stderr
    counts = dict(line.split(maxsplit=1)[::-1] for line in done.stdout.splitlines()[1:])
    record = json.loads((tmp_path / "counts.json").read_text())
    assert {name: str(n) for name, n in record["identity"][str(smiles)].items()} == counts
    assert counts["identical"] == "1"
    assert counts["identical after reported changes"] == "2"
    assert counts["changed: marks of stereochemistry removed"] == "1"
    assert counts["refused: invalid SMILES"] == "1"


def test_files_of_one_name_in_two_folders_are_both_recorded(tmp_path):
    files = [tmp_path / folder / "few.smi" for folder in ("first", "second")]
    for file, smiles in zip(files, ("CCO", "rubbish"), strict=True):
        file.parent.mkdir()
        file.write_text(f"{smiles}\n")
    done = check(*files, "--out", tmp_path / "counts.json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "counts.json").read_text())
    expected = [{"identical": 1}, {"refused: invalid SMILES": 1}]
    assert record["identity"] == dict(zip(map(str, files), expected, strict=True))
