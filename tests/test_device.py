"""Training, decoding and searching on a device other than the CPU: see `pretended_gpu`."""

import numpy as np
import pytest
import torch
from pretended_gpu import GPU, moved, pretended_gpu

from molvae.dataset.preparation import prepare_corpus
from molvae.diagnosis.held_out import measure_held_out
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.methods import Method, SearchConfig
from molvae.optimize.search import search
from molvae.runs import RunDirectory
from molvae.training.process_group import ProcessGroup
from molvae.training.progress import ProgressReport
from molvae.training.session import TrainingSession
from molvae.training.start import Start, prepare_start

SEARCH = {
    "budget": 16,
    "batch_size": 8,
    "constraints": {"guardrails": False},
    "gradient": {"steps": 2, "stops": 2},
    "combined": {
        "start": 8,
        "children": 8,
        "generations": 2,
        "min_batch": 8,
        "workers": 1,
        "retraining": {"interval": 8, "updates": 2, "batch_size": 8, "rehearsed": 4},
    },
}


@pytest.fixture
def distant_model(tiny_model):
    """The trained model on the pretended GPU."""
    with pretended_gpu():
        yield moved(tiny_model)


def train_twice(plan, out, move):
    """The validation after an epoch, another session and a second epoch of a model that `move`
    has put on a device."""
    run = RunDirectory.create(out)
    corpus = prepare_corpus(plan.data, plan.corpus)
    for epochs in 1, 2:
        config = plan.train.with_changes({"epochs": epochs, "batch_size": 90})
        changed = plan.model_copy(update={"train": config})
        start = prepare_start(changed, corpus)
        start = Start(move(start.model), start.data)
        report = ProgressReport(run, None, bar=False, tensorboard=False)
        session = TrainingSession(run, changed, start, ProcessGroup(), report)
        session.restore()
        session.run()
    assert session.state.step == 4
    return session.last_validation


def test_the_pretended_gpu_is_as_strict_as_a_real_one():
    with pretended_gpu():
        there, here = torch.ones(3, device=GPU), torch.ones(3)
        assert (2 * there).cpu().tolist() == [2, 2, 2]
        with pytest.raises(RuntimeError, match="both devices"):
            there + here
        with pytest.raises(TypeError, match="no float64"):
            there.double()
        with pytest.raises(TypeError, match="cpu"):
            there.numpy()


# Values are copied all the same.
@pytest.mark.filterwarnings("ignore:.*from a non-meta parameter:UserWarning")
def test_training_and_resuming_there_give_what_they_give_here(tiny_plan, tmp_path):
    here = train_twice(tiny_plan, tmp_path / "here", lambda model: model)
    with pretended_gpu():
        there = train_twice(tiny_plan, tmp_path / "there", moved)
    assert there.loss(beta=1.0) == pytest.approx(here.loss(beta=1.0), rel=1e-3)
    assert there.property_error == pytest.approx(here.property_error, rel=1e-2)


def test_a_model_there_makes_and_codes_the_same_molecules(tiny_model, distant_model, monkeypatch):
    # A processor that has it writes in bfloat16, and then draws others.
    monkeypatch.setattr("molvae.model.network.writes_in_bfloat16", lambda _: False)
    assert distant_model.sample(20, seed=3) == tiny_model.sample(20, seed=3)
    molecules = [one for one in tiny_model.sample(20, seed=3) if one is not None]
    codes = distant_model.encode(molecules)
    np.testing.assert_allclose(codes, tiny_model.encode(molecules), atol=1e-5)
    assert distant_model.decode(codes) == tiny_model.decode(codes)
    for measure in ("log_density", "predict"):
        there, here = (getattr(one, measure)(codes) for one in (distant_model, tiny_model))
        np.testing.assert_allclose(there, here, rtol=1e-4)


def test_it_is_diagnosed_alike(tiny_model, distant_model):
    selfies_rows = tiny_model.draw(8, np.random.default_rng(1)).selfies_rows
    noise = np.random.default_rng(2).standard_normal((8, tiny_model.latent_size), np.float32)
    there, here = (
        measure_held_out(model, selfies_rows, noise) for model in (distant_model, tiny_model)
    )
    assert there.reconstruction == pytest.approx(here.reconstruction, rel=1e-4)
    assert there.exact_reconstruction == here.exact_reconstruction


@pytest.mark.slow
@pytest.mark.parametrize("method", [Method.COMBINED, Method.GRADIENT])
def test_searches_run_there(distant_model, few_molecules, method):
    tables = {"name": "fatty", "component": [{"property": "logp"}]}
    objective = ConfiguredObjective(ObjectiveConfig.parse_tables(tables))
    combined = {**SEARCH["combined"], "pool": few_molecules}
    config = SearchConfig.parse({**SEARCH, "method": method, "combined": combined})
    result = search(distant_model, objective, config)
    assert len(result.evaluations) == SEARCH["budget"]


def test_latent_vectors_are_refined_where_the_model_is(distant_model, tiny_model):
    smiles = ["CCO", "CC(=O)Nc1ccc(O)cc1"]
    refined = distant_model.encode(smiles, refine=True)
    assert refined.shape == (2, distant_model.latent_size)
    np.testing.assert_allclose(refined, tiny_model.encode(smiles, refine=True), atol=1e-3)
