import numpy as np
import pytest
import torch
from projection_model import ProjectionModel
from quick_search import strategy_of

from molvae.errors import ConfigError
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.methods import SearchConfig
from molvae.optimize.methods.predicted_score import PredictedScore
from molvae.optimize.state import State
from molvae.optimize.strategy import Strategy

LOGP = {"property": "logp"}
BELL = {"kind": "gaussian", "mu": 2.5, "sigma": 0.8}
TWO = [
    {"property": "logp", "weight": 2.0, "desirability": BELL},
    {"property": "qed", "desirability": {"kind": "linear", "low": 0.0, "high": 1.0}},
]


def objective(*components, **settings):
    tables = {"name": "wanted", "component": list(components), **settings}
    return ConfiguredObjective(ObjectiveConfig.parse_tables(tables))


@pytest.fixture
def search(tiny_model):
    """The strategy of a search for an objective."""

    def make(goal, seed=0, **settings):
        config = SearchConfig.parse({"method": "gradient", "seed": seed, "gradient": settings})
        return strategy_of(config, tiny_model, goal)

    return make


def points_of(proposals):
    return np.stack([one.z for one in proposals])


class TestPredictedScore:
    VALUES = np.array([[2.9, 0.4], [1.0, 0.7]])

    def test_a_lone_property_without_a_curve_is_the_score(self, tiny_model):
        score = PredictedScore.of(tiny_model, objective({"property": "qed"}))
        np.testing.assert_array_equal(score.score(self.VALUES[:, 1:]), [0.4, 0.7])
        np.testing.assert_allclose(score.slopes(self.VALUES[:, 1:]), [[1.0], [1.0]])

    def test_what_it_predicts_of_other_peoples_code(self, tiny_model, tmp_path):
        (tmp_path / "scores_by_name.py").write_text("def logp(smiles):\n    return smiles\n")
        foreign = {"kind": "python", "function": "scores_by_name:logp"}
        goal = ObjectiveConfig.parse_tables({"name": "x", "component": [foreign]}).within(tmp_path)
        score = PredictedScore.of(tiny_model, ConfiguredObjective(goal))
        np.testing.assert_array_equal(score.score(self.VALUES[:, :1]), [2.9, 1.0])

    @pytest.mark.parametrize("aggregation", ["arithmetic", "geometric"])
    def test_slopes_are_the_derivatives_of_the_formula(self, tiny_model, aggregation):
        score = PredictedScore.of(tiny_model, objective(*TWO, aggregation=aggregation))
        values = torch.tensor(self.VALUES, requires_grad=True)
        bell = torch.exp(-0.5 * ((values[:, 0] - 2.5) / 0.8) ** 2)
        if aggregation == "arithmetic":
            total = (2 * bell + values[:, 1]) / 3
        else:
            total = bell ** (2 / 3) * values[:, 1] ** (1 / 3)
        np.testing.assert_allclose(score.score(self.VALUES), total.detach().numpy())
        (expected,) = torch.autograd.grad(total.sum(), values)
        np.testing.assert_allclose(score.slopes(self.VALUES), expected.numpy(), rtol=2e-3)

    def test_each_component_finds_its_own_property(self, tiny_model):
        score = PredictedScore.of(tiny_model, objective(*reversed(TWO)))
        z = tiny_model.prior_latents(3, np.random.default_rng(0))
        with torch.inference_mode():
            found = score.predictions(torch.from_numpy(z)).numpy()
        assert tiny_model.property_names == ("logp", "qed")
        np.testing.assert_allclose(found, tiny_model.predict(z)[:, ::-1], rtol=1e-6)


class TestRefusals:
    def test_what_the_head_does_not_predict(self, tiny_model):
        with pytest.raises(ConfigError, match=r"predicts logp, qed, .* asks for logp, tpsa;"):
            PredictedScore.of(
                tiny_model,
                objective(*TWO[:1], {**TWO[1], "property": "tpsa"}),
            )

    def test_a_model_without_a_head(self, tiny_model):
        bare = MoleculeVAE.untrained(tiny_model.vocabulary, tiny_model.network.config)
        for model in (bare, ProjectionModel()):
            with pytest.raises(ConfigError, match=r"predicts none, the objective asks for logp;"):
                PredictedScore.of(model, objective(LOGP))

    def test_an_objective_that_is_described_by_no_components(self, tiny_model):
        class Handmade:
            columns = ("count",)
            description = {"name": "by hand"}  # noqa: RUF012

            def score(self, molecules):
                raise NotImplementedError

        with pytest.raises(ConfigError, match="asks for count;"):
            PredictedScore.of(tiny_model, Handmade())

    def test_a_search_that_was_told_no_objective(self, search):
        with pytest.raises(ConfigError, match="gradient ascent needs an objective"):
            search(None)


def test_the_first_step_of_adam_follows_the_gradients_sign(tiny_model, search):
    strategy = search(objective(LOGP), steps=1, stops=1, shell=1e-9)
    generator = np.random.default_rng(0)
    sample = tiny_model.prior_latents(128, generator).astype(np.float64)
    starts = tiny_model.prior_latents(6, generator)
    z = torch.from_numpy(starts).requires_grad_()
    (slope,) = torch.autograd.grad(tiny_model.network.head.predict(z)[:, 0].sum(), z)
    moved = points_of(strategy.ask(6)) - starts
    # Whatever the gradient's length, Adam first moves by its rate (Kingma & Ba 2015, section 2.1).
    expected = 0.05 * sample.std(axis=0) * np.sign(slope.numpy())
    np.testing.assert_allclose(moved, expected, atol=1e-4)


def test_ascents_climb_what_the_head_predicts(tiny_model, search):
    far = {**TWO[0], "desirability": {"kind": "gaussian", "mu": 8.0, "sigma": 3.0}}
    goal = objective(far, TWO[1])
    score = PredictedScore.of(tiny_model, goal)
    latents = points_of(search(goal, steps=4, shell=1e-9).ask(100))
    predicted = score.score(tiny_model.predict(latents).astype(np.float64)).reshape(20, 5)
    assert (predicted[:, -1] > predicted[:, 0]).mean() > 0.9
    start = tiny_model.prior_latents(500, np.random.default_rng(1))
    drawn = score.score(tiny_model.predict(start).astype(np.float64))
    assert predicted[:, -1].mean() > np.quantile(drawn, 0.9)


def test_the_penalty_keeps_points_on_the_priors_shell(tiny_model, search):
    drawn = tiny_model.prior_latents(500, np.random.default_rng(1))
    squares = (drawn**2).sum(axis=1)

    def reached(shell):
        strategy = search(objective(LOGP), shell=shell, steps=60, stops=1, learning_rate=0.2)
        return (points_of(strategy.ask(8)) ** 2).sum(axis=1)

    assert reached(1.0).max() < 1.2 * squares.mean()
    assert reached(1e-9).min() > 1.5 * squares.mean()


def test_molecules_are_what_the_model_decodes_at_the_points(tiny_model, search):
    strategy = search(objective(LOGP))
    assert isinstance(strategy, Strategy)
    proposals = strategy.ask(7)
    assert len(proposals) == 7
    assert [one.molecule for one in proposals] == tiny_model.decode(points_of(proposals))
    assert {one.source for one in proposals} == {"ascent"}


def test_one_restored_from_bytes_goes_on_to_the_bit(search):
    undisturbed = search(objective(*TWO), seed=3)
    undisturbed.ask(12)
    content = undisturbed.state().to_bytes()
    restored = search(objective(*TWO), seed=99)
    restored.restore(State.from_bytes(content))
    expected = points_of(undisturbed.ask(12))
    np.testing.assert_array_equal(points_of(restored.ask(12)), expected)


def test_the_network_is_left_as_it_was(tiny_model, search):
    before = {name: one.clone() for name, one in tiny_model.network.state_dict().items()}
    search(objective(LOGP)).ask(10)
    for name, weight in tiny_model.network.state_dict().items():
        assert torch.equal(weight, before[name])
    assert all(one.grad is None for one in tiny_model.network.head.parameters())
