"""The tutorials run from beginning to end, with small budgets."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = sorted((ROOT / "scripts" / "tutorials").glob("*.py"))
MOLECULES = 200
LINES = {
    "chemprop_and_docking": [
        r"CC\(=O\)Nc1ccc\(O\)cc1 .*'spread'|skipped: chemprop",
        r"Oc1ccccc1 \{'docking': -\d|skipped: docking",
    ],
    "explore_a_molecule": [
        r"\d+ latent vectors were decoded",
        r"[+]\d\.\d logP -?\d",
        r"\S*c1c\[nH\]c2ccccc12",
        r"\S+ percentile \d+ \S",
    ],
    "generate_novel_molecules": [
        r"samples rejected: ",
        r"\S+: \d\.\d{3}$",
        r"open .*novel\.html in",
    ],
    "improve_a_lead": [r"its amide: 0\.\d{3}", r"rejected: \{'", r"open .*report\.html in"],
    "latents_as_features": [r"qed from latent vectors: R2 ", r"qed from Morgan bits: R2 "],
    "train_on_own_data": [rf"{MOLECULES}\b.*molecules", r"paracetamol: ", r"diazepam: "],
}
"""Beginnings of lines, as regular expressions, that a tutorial prints."""
STARTING_RUNS = {"improve_a_lead", "train_on_own_data"}
IMPOSSIBLE = ("is not installed", "install one for this machine")
"""Phrases of the only reasons for which a part may be skipped."""


@pytest.fixture
def checkout(tmp_path):
    """A folder with few molecules in the place of the sample."""
    (tmp_path / "data").mkdir()
    sample = (ROOT / "data" / "moses_sample.csv").read_text(encoding="utf-8").splitlines()
    lines = "\n".join([*sample[: MOLECULES + 1], ""])
    (tmp_path / "data" / "moses_sample.csv").write_text(lines, encoding="utf-8")
    return tmp_path


def test_each_begins_with_its_title():
    assert {path.stem for path in TUTORIALS} == set(LINES)
    for path in TUTORIALS:
        assert path.read_text(encoding="utf-8").startswith("# %% [markdown]\n# # "), path


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(tutorial, checkout, monkeypatch, capsys):
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(sys, "argv", [str(tutorial), "--small"])
    for _ in range(2 if tutorial.stem in STARTING_RUNS else 1):
        runpy.run_path(str(tutorial), run_name="__main__")
        printed = capsys.readouterr().out
        for line in LINES[tutorial.stem]:
            assert re.search(f"^(?:{line})", printed, re.MULTILINE), (line, printed)
    skipped = [line for line in printed.splitlines() if line.startswith("skipped: ")]
    assert all(any(phrase in line for phrase in IMPOSSIBLE) for line in skipped), skipped
    if skipped:
        pytest.skip("; ".join(line.removeprefix("skipped: ") for line in skipped))
