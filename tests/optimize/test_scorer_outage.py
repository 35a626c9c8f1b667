"""Searches whose scorer is an external program or server that is down for a while."""

import sys

import pytest
from projection_model import ProjectionModel
from quick_search import config

from molvae.errors import ObjectiveError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.search import search
from molvae.runs import RunDirectory

SCORER = """
import os, sys
names = sys.stdin.read().split()
if not os.path.exists("up"):
    sys.exit(5)
print("\\n".join(str(len(name) / 100) for name in names))
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scorer.py").write_text(SCORER)
    return tmp_path


@pytest.fixture
def objective(folder):
    program = {"kind": "program", "command": [sys.executable, "scorer.py"], "restarts": 1}
    tables = {"name": "o", "component": [program]}
    return ConfiguredObjective(ObjectiveConfig.parse_tables(tables).within(folder))


def run_search(objective, run, *, resume=False, **settings):
    chosen = config(method="random", batch_size=16, **{"budget": 40, "patience": 2, **settings})
    return search(ProjectionModel(), objective, chosen, run, resume=resume)


def test_a_scorer_that_is_down_stops_the_search_and_resuming_scores_everything(folder, objective):
    run = RunDirectory.create(folder / "run")
    with pytest.raises(ObjectiveError, match="program"):
        run_search(objective, run)
    (folder / "up").touch()
    result = run_search(objective, run, resume=True)
    assert result.calls == 40
    assert all(row.score == len(row.smiles) / 100 for row in result.evaluations)


def test_a_scorer_that_fails_on_the_way_costs_no_more_than_a_batch(folder, objective):
    run = RunDirectory.create(folder / "run")
    (folder / "up").touch()
    assert run_search(objective, run, budget=20).calls == 20
    (folder / "up").unlink()
    with pytest.raises(ObjectiveError):
        run_search(objective, run, budget=80, resume=True)
    (folder / "up").touch()
    result = run_search(objective, run, budget=80, patience=9, resume=True)
    assert result.calls == 80
    assert all(row.score == len(row.smiles) / 100 for row in result.evaluations)


def test_a_scoring_server_that_is_down_stops_the_search(folder):
    # Port 9 (discard) refuses connections on any ordinary machine.
    server = {"kind": "rest", "url": "http://127.0.0.1:9/score", "retries": 0}
    objective = ConfiguredObjective(
        ObjectiveConfig.parse_tables({"name": "o", "component": [server]})
    )
    run = RunDirectory.create(folder / "run")
    with pytest.raises(ObjectiveError, match="cannot be reached"):
        run_search(objective, run)
