"""What every latent optimiser promises, and what the ones that learn promise besides."""

from importlib.util import find_spec

import numpy as np
import pytest
from projection_model import ProjectionModel

from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.latent_optimizer import LatentOptimizer
from molvae.optimize.methods.cma_es import CmaEs
from molvae.optimize.methods.cma_es_config import CmaEsConfig
from molvae.optimize.methods.evolution import LatentEvolution
from molvae.optimize.methods.evolution_config import EvolutionConfig
from molvae.optimize.methods.gradient_ascent import GradientAscent
from molvae.optimize.methods.gradient_config import GradientConfig
from molvae.optimize.methods.predicted_score import PredictedScore
from molvae.optimize.methods.prior_sampling import PriorSampling
from molvae.optimize.methods.random_walk import RandomWalk
from molvae.optimize.methods.random_walk_config import RandomWalkConfig
from molvae.optimize.methods.turbo import Turbo
from molvae.optimize.methods.turbo_config import TurboConfig
from molvae.optimize.state import State
from molvae.vocabulary import Vocabulary

DIMENSIONS = 10
SMALL = CmaEsConfig(first_sample=20, population=8, patience=3)
SMALL_TURBO = TurboConfig(first_sample=20, window=40, candidates=60, fit_steps=3)


def standard_normal(n, generator):
    return generator.standard_normal((n, DIMENSIONS))


MAKERS = {
    "random": lambda seed: PriorSampling(standard_normal, seed),
    "random-walk": lambda seed: RandomWalk(standard_normal, RandomWalkConfig(walkers=5), seed),
    "cma-es diagonal": lambda seed: CmaEs(
        standard_normal, SMALL.with_changes({"full_up_to": 1}), seed
    ),
    "cma-es full": lambda seed: CmaEs(standard_normal, SMALL, seed),
    "evolution": lambda seed: LatentEvolution(
        standard_normal, EvolutionConfig(first_sample=20, elites=16), seed
    ),
    "turbo": lambda seed: Turbo(standard_normal, SMALL_TURBO, seed),
    "gradient": lambda seed: AscentPoints(seed),
}
MARKS = {"turbo": pytest.mark.skipif(not find_spec("botorch"), reason="needs the extra opt")}


def listed(names):
    return [pytest.param(name, marks=MARKS.get(name, ()), id=name) for name in names]


# Ascents follow the model's head, whatever the scores.
LEARNERS = listed(name for name in MAKERS if name not in {"random", "gradient"})


class AscentPoints:
    """The points of a strategy, asked for and told of as those of an optimiser."""

    def __init__(self, seed):
        vocabulary = Vocabulary.from_symbols(("[C]", "[O]"))
        config = ModelConfig(
            decoder="separate",
            embedding_size=4,
            encoder_size=4,
            decoder_size=4,
            latent_size=DIMENSIONS,
        )
        predictor = MoleculeVAE.untrained(vocabulary, config, ("qed",))
        tables = {"name": "qed", "component": [{"property": "qed"}]}
        objective = ConfiguredObjective(ObjectiveConfig.parse_tables(tables))
        goal = PredictedScore.of(predictor, objective)
        # What decodes does not matter here; an untrained decoder takes long to find an end.
        model = ProjectionModel(DIMENSIONS)
        few = GradientConfig(steps=2, stops=3)
        self._strategy = GradientAscent(model, goal, standard_normal, few, seed)
        self.state, self.restore = self._strategy.state, self._strategy.restore

    def ask(self, n):
        self._candidates = self._strategy.ask(n)
        return np.stack([candidate.z for candidate in self._candidates])

    def tell(self, latents, scores):
        self._strategy.tell(self._candidates, scores)


def bowl(latents):
    """Highest, 0, at a point of the prior's typical shell."""
    target = np.full(DIMENSIONS, 0.9)
    return -np.linalg.norm(latents - target, axis=1)


def gaps(latents):
    """The bowl with nothing where the first coordinate is negative."""
    return np.where(latents[:, 0] < 0, np.nan, bowl(latents))


def empty_context(latents):
    return np.full(len(latents), np.nan)


def flat(latents):
    return np.zeros(len(latents))


def run(optimizer, score, rounds, n=12):
    told = [np.empty((0, DIMENSIONS))]
    for _ in range(rounds):
        latents = optimizer.ask(n)
        assert 1 <= len(latents) <= n
        told.append(latents.copy())
        optimizer.tell(latents, score(latents))
        # The array is the caller's again, to do with as it likes.
        latents.fill(np.nan)
    return np.concatenate(told)


@pytest.mark.parametrize("name", listed(MAKERS))
class TestEveryOptimizer:
    @pytest.fixture
    def maker(self, name):
        return MAKERS[name]

    def test_it_keeps_the_protocol(self, maker):
        assert isinstance(maker(0), LatentOptimizer)

    @pytest.mark.parametrize(
        ("score", "n"), [(bowl, 12), (gaps, 50), (empty_context, 1), (flat, 12)]
    )
    def test_it_gives_finite_points_and_no_more_than_asked_for(self, maker, score, n):
        latents = run(maker(0), score, rounds=12, n=n)
        assert latents.shape[1:] == (DIMENSIONS,)
        assert np.isfinite(latents).all()

    @pytest.mark.parametrize("score", [gaps, empty_context])
    def test_equal_seeds_ask_equal_questions(self, maker, score):
        np.testing.assert_array_equal(run(maker(3), score, 10), run(maker(3), score, 10))

    def test_other_seeds_ask_other_questions(self, maker):
        assert not np.array_equal(run(maker(3), bowl, 2), run(maker(4), bowl, 2))

    # Each score function and each number of rounds: pairs of them with the method, not all triples.
    @pytest.mark.parametrize(
        ("score", "rounds"),
        [(bowl, 0), (gaps, 1), (empty_context, 2), (bowl, 3), (flat, 7), (gaps, 15)],
    )
    def test_one_restored_from_bytes_goes_on_to_the_bit(self, maker, score, rounds):
        undisturbed = maker(0)
        run(undisturbed, score, rounds)
        content = undisturbed.state().to_bytes()
        expected = run(undisturbed, score, 12)
        restored = maker(99)
        restored.restore(State.from_bytes(content))
        np.testing.assert_array_equal(run(restored, score, 12), expected)

    def test_its_state_is_a_picture_that_later_rounds_do_not_change(self, maker):
        optimizer = maker(0)
        run(optimizer, bowl, 5)
        state = optimizer.state()
        before = state.to_bytes()
        run(optimizer, bowl, 5)
        assert state.to_bytes() == before

    def test_it_does_not_change_the_points_it_gave_out(self, maker):
        optimizer = maker(0)
        latents = optimizer.ask(12)
        copy = latents.copy()
        optimizer.tell(latents, bowl(latents))
        run(optimizer, bowl, 3)
        np.testing.assert_array_equal(latents, copy)


@pytest.mark.parametrize("score", [bowl, gaps])
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_learner_climbs_higher_than_random_draws(learner, score):
    for seed in range(3):
        learned = np.nanmax(score(run(MAKERS[learner](seed), score, 40)))
        drawn = np.nanmax(score(run(MAKERS["random"](seed), score, 40)))
        assert learned > drawn


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_learner_stays_where_the_prior_is(learner):
    def uphill_for_ever(latents):
        return latents.sum(axis=1)

    norms = np.linalg.norm(run(MAKERS[learner](0), uphill_for_ever, 80), axis=1)
    # Chi with 10 degrees of freedom: one draw in 10^7 lies beyond 7.2.
    assert norms.max() < 7.2


def test_cma_es_starts_again_elsewhere_when_it_is_stuck():
    optimizer = MAKERS["cma-es full"](0)
    latents = run(optimizer, flat, 60)
    late = latents[-240:]
    # A single start would have stayed within its step length of one place.
    assert late.std(axis=0).mean() > 0.6


def test_cma_es_draws_no_point_before_the_generation_it_belongs_to():
    optimizer = CmaEs(standard_normal, SMALL, 0)
    latents = optimizer.ask(20)
    optimizer.tell(latents, bowl(latents))
    for asked, given in ((50, 8), (5, 5), (5, 3), (8, 8)):
        latents = optimizer.ask(asked)
        assert len(latents) == given
        optimizer.tell(latents, bowl(latents))


def test_cma_es_starts_from_what_has_a_score():
    settings = SMALL.with_changes({"parents": 16, "sigma": 1e-9})
    optimizer = CmaEs(standard_normal, settings, 0)
    latents = optimizer.ask(20)
    scores = np.full(20, np.nan)
    scores[[3, 7]] = 1.0, 2.0
    optimizer.tell(latents, scores)
    start = optimizer.ask(8)
    np.testing.assert_allclose(start, np.tile(latents[[3, 7]].mean(axis=0), (8, 1)), atol=1e-6)
