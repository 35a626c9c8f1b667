"""The recipes of molvae/README.md work: each is applied to a copy of the package and then used."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "molvae" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r'```py\n# (\S+), (new|after "([^\n]+)")\n(.*?)```', re.DOTALL)


def blocks(recipe):
    """File, anchor (None for a new file) and text of each block of a recipe."""
    _, _, rest = README.partition(f"### {recipe}\n")
    section, _, _ = rest.partition("\n### ")
    return [(match[1], match[3], match[4]) for match in BLOCK.finditer(section)]


def patch(folder, recipe):
    """Apply the blocks to the copy; the files changed."""
    files = set()
    for name, anchor, text in blocks(recipe):
        path = folder / name
        files.add(name)
        if anchor is None:
            assert not path.exists(), name
            path.write_text(text, encoding="utf-8")
            continue
        before = path.read_text(encoding="utf-8")
        assert before.count(anchor) == 1, (name, anchor)
        start, _, end = before.partition(anchor)
        path.write_text(f"{start}{anchor}\n{text}{end.removeprefix(chr(10))}", encoding="utf-8")
    return files


@pytest.fixture
def checkout(tmp_path):
    """A copy of the package; its shipped models are those of this checkout."""
    ignored = shutil.ignore_patterns("__pycache__", "*.safetensors")
    shutil.copytree(ROOT / "molvae", tmp_path / "molvae", ignore=ignored)
    for weights in (ROOT / "molvae").rglob("*.safetensors"):
        (tmp_path / weights.relative_to(ROOT)).symlink_to(weights)
    return tmp_path


def molvae(checkout, *words):
    process = subprocess.run(
        [sys.executable, "-m", "molvae", *words],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_a_property_takes_one_file(checkout):
    assert len(patch(checkout, "Add a property")) == 1
    (checkout / "bonds.toml").write_text('name = "bonds"\n[[component]]\nproperty = "bonds"\n')
    (checkout / "some.csv").write_text("smiles\nCCO\nc1ccccc1\n")
    molvae(checkout, "score", "some.csv", "bonds.toml", "--out", "scored.csv", "--workers", "1")
    with (checkout / "scored.csv").open(encoding="utf-8") as stream:
        assert [float(row["score"]) for row in csv.DictReader(stream)] == [2.0, 6.0]


def test_a_command_takes_two_files(checkout):
    assert len(patch(checkout, "Add a command")) == 2
    assert molvae(checkout, "canonical", "OCC") == "CCO\n"
    assert "Print the canonical SMILES" in molvae(checkout, "--help")


def test_an_optimizer_takes_two_new_files_and_the_list_of_methods(checkout):
    assert len(patch(checkout, "Add an optimizer")) == 3
    molvae(
        checkout, "optimize", "pmo/qed", "--method", "antithetic", "--budget", "6", "--out", "run"
    )
    assert len((checkout / "run" / "candidates.csv").read_text(encoding="utf-8").splitlines()) == 7


@pytest.mark.slow
def test_a_proposal_source_takes_two_files(checkout):
    assert len(patch(checkout, "Add a proposal source")) == 2
    (checkout / "small.toml").write_text(
        "[combined]\nsources = ['prior', 'means']\nstart = 12\nimprobable = 0\n"
    )
    words = ["pmo/qed", "--config", "small.toml", "--budget", "40", "--out", "run"]
    molvae(checkout, "optimize", *words, "--no-guardrails")
    assert ",means" in (checkout / "run" / "candidates.csv").read_text(encoding="utf-8")
