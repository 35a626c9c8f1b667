import numpy as np
import pytest
from projection_model import ProjectionModel
from quick_search import config, objective

from molvae.optimize.search import search
from molvae.runs import RunDirectory


def test_a_callback_gets_the_figures_of_each_round():
    rounds = []
    result = search(ProjectionModel(), objective(), config(method="random"), callback=rounds.append)
    assert [row.round for row in rounds] == list(range(1, len(rounds) + 1))
    assert rounds[-1].calls == result.calls == 150
    best = sorted((row.score for row in result.evaluations if row.score == row.score), reverse=True)
    assert rounds[-1].best == best[0]
    assert rounds[-1].mean_of_top_10 == pytest.approx(np.mean(best[:10]))
    assert rounds[-1].values()["calls"] == rounds[-1].number == 150


def test_a_search_that_a_callback_ended_can_be_resumed(tmp_path):
    def stop(figures):
        if figures.round == 3:
            raise KeyboardInterrupt

    run = RunDirectory.create(tmp_path / "run")
    model, settings = ProjectionModel(), config(method="random")
    with pytest.raises(KeyboardInterrupt):
        search(model, objective(), settings, run, callback=stop)
    resumed = search(model, objective(), settings, run, resume=True)
    whole = search(model, objective(), settings)
    assert [row.smiles for row in resumed.evaluations] == [row.smiles for row in whole.evaluations]
