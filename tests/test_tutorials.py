"""The tutorials run from beginning to end, with small budgets."""

import runpy
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = sorted((ROOT / "scripts" / "tutorials").glob("*.py"))
MOLECULES = 200


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder with few molecules in the place of the sample."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "data").mkdir()
    sample = (ROOT / "data" / "moses_sample.csv").read_text(encoding="utf-8").splitlines()
    lines = "\n".join([*sample[: MOLECULES + 1], ""])
    (folder / "data" / "moses_sample.csv").write_text(lines, encoding="utf-8")
    return folder


def test_there_are_six_and_each_begins_with_its_title():
    assert len(TUTORIALS) == 6
    for path in TUTORIALS:
        assert path.read_text(encoding="utf-8").startswith("# %% [markdown]\n# # "), path


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(tutorial, checkout, monkeypatch, capsys):
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(sys, "argv", [str(tutorial), "--small"])
    runpy.run_path(str(tutorial), run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) >= 2
    shutil.rmtree(checkout / "tutorials", ignore_errors=True)
