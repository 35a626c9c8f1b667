"""The random molecules beside a search of scripts/benchmark_docking.py, with a quick objective."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from molvae import SearchConfig
from molvae.chem.molecule import Molecule
from molvae.errors import RunError
from molvae.objectives.objective import Scores
from molvae.optimize.search_progress import SearchRound

SCRIPT = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "benchmark_docking.py"))
MOLECULES = [Molecule.parse("C" * length) for length in range(1, 7)]


class Lengths:
    """Minus the length of the SMILES."""

    def __init__(self, name="lengths"):
        self.columns = ("docking",)
        self.description = {"name": name}

    def score(self, molecules):
        values = -np.array([float(len(molecule.smiles)) for molecule in molecules])
        return Scores(values, {"docking": values}, {})


def sample(path, *, goal=None, max_minutes=60.0, molecules=MOLECULES):
    return SCRIPT["RandomMolecules"](
        molecules, goal or Lengths(), path / "random.json", max_minutes
    )


def after(calls):
    return SearchRound(1, calls, 0.0, 0.0, 0)


def test_a_file_of_few_molecules_gives_a_smaller_sample(tmp_path):
    randoms = sample(tmp_path)
    randoms.follow(after(3))
    assert randoms.scores == [-1.0, -2.0, -3.0]
    randoms.follow(after(20))
    assert randoms.scores == [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]
    assert sample(tmp_path).scores == randoms.scores


def test_nothing_is_scored_after_the_time_limit(tmp_path):
    randoms = sample(tmp_path, max_minutes=0.0)
    with pytest.raises(SCRIPT["TimeUpError"]):
        randoms.follow(after(6))
    assert (randoms.scores, randoms.calls) == ([], 6)


@pytest.mark.parametrize("change", [{"goal": Lengths("other")}, {"molecules": MOLECULES[:5]}])
def test_scores_of_other_settings_are_not_continued(tmp_path, change):
    sample(tmp_path).follow(after(2))
    with pytest.raises(RunError, match="--work"):
        sample(tmp_path, **change)


def test_lines_that_are_no_molecules_are_left_out(tmp_path):
    path = tmp_path / "held_out.smi"
    path.write_text("smiles id\nCCO 1\n \nC1CC\nCCN\n")
    config = SearchConfig(constraints={"guardrails": False})
    molecules = SCRIPT["draw_molecules"](path, 5, config, Lengths())
    assert {molecule.smiles for molecule in molecules} == {"CCO", "CCN"}


def test_counts_are_left_if_all_dockings_failed():
    assert SCRIPT["describe"]([np.nan, np.nan]) == {"molecules": 2, "failures": 2}
    assert SCRIPT["describe"]([-7.0, np.nan, -8.0])["best"] == -8.0
