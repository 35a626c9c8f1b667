import numpy as np
import pytest

from molvae.errors import ConfigError
from molvae.optimize.methods.evolution import LatentEvolution
from molvae.optimize.methods.evolution_config import EvolutionConfig
from molvae.optimize.methods.prior_sampling import PriorSampling

DIMENSIONS = 16


def standard_normal(n, generator):
    return generator.standard_normal((n, DIMENSIONS))


def to(target):
    return lambda latents: -((latents - target) ** 2).sum(axis=1)


def best_of(optimizer, score, calls=600, n=30):
    best = -np.inf
    for _ in range(calls // n):
        latents = optimizer.ask(n)
        scores = score(latents)
        best = max(best, scores.max())
        optimizer.tell(latents, scores)
    return best


@pytest.mark.parametrize("seed", range(3))
def test_it_comes_far_nearer_to_a_target_than_random_draws(seed):
    score = to(np.random.default_rng(100 + seed).standard_normal(DIMENSIONS))
    bred = best_of(LatentEvolution(standard_normal, EvolutionConfig(), seed), score)
    drawn = best_of(PriorSampling(standard_normal, seed), score)
    # Squared distances: a random draw lies 32 from the target, the best of 600 some 8 to 15.
    assert bred > drawn / 4


def bred(config, latents, scores, n=400):
    """Children of these points alone; fresh draws are all nines."""
    waiting = np.concatenate([latents, np.full((n, latents.shape[1]), 9.0)])

    def prior(n, generator):
        nonlocal waiting
        given, waiting = waiting[:n], waiting[n:]
        return given

    optimizer = LatentEvolution(prior, config.with_changes({"first_sample": len(latents)}), 0)
    optimizer.tell(optimizer.ask(len(latents)), np.array(scores, dtype=np.float64))
    return optimizer.ask(n)


QUIET = EvolutionConfig(step=0.01, fresh=0.0)
ENDS = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
# Without a score, so no elite; the children may lie as far out.
FAR = np.array([[0.0, 0.0, 5.0]])


def test_children_of_a_coordinate_crossing_have_each_coordinate_of_one_parent():
    latents = np.concatenate([ENDS, FAR])
    children = bred(QUIET.with_changes({"coordinates": 1.0}), latents, [1, 2, np.nan])
    np.testing.assert_allclose(children, np.round(children), atol=0.15)
    # The parents and both of their mixtures.
    corners = {tuple(row) for row in np.round(children).astype(int)}
    assert corners == {(2, 0, 0), (0, 1, 0), (0, 0, 0), (2, 1, 0)}


def test_children_on_the_arc_turn_while_their_length_goes_evenly_over():
    children = bred(QUIET.with_changes({"coordinates": 0.0}), ENDS, [1, 2])
    lengths = np.linalg.norm(children, axis=1)
    # A quarter turn from length 2 to length 1: length = 2 - angle / (pi / 2).
    angles = np.arctan2(children[:, 1], children[:, 0])
    np.testing.assert_allclose(lengths, 2 - angles / (np.pi / 2), atol=0.08)
    assert ((angles > 0.3) & (angles < 1.2)).any()


def test_opposite_parents_are_joined_by_a_straight_line():
    ends = np.array([[1.0, 0.0], [-1.0, 0.0]])
    children = bred(QUIET.with_changes({"coordinates": 0.0}), ends, [1, 2])
    assert np.isfinite(children).all()
    assert np.abs(children[:, 1]).max() < 0.05


def test_the_best_are_parents_most_often_and_all_at_times():
    latents = 10.0 * np.eye(8)
    children = bred(QUIET.with_changes({"coordinates": 1.0}), latents, range(8), n=2000)
    shares = (children > 5).mean(axis=0)
    # Ranks are log-uniform: rank r of n is drawn with log((r + 1) / r) / log(n + 1).
    ranks = np.arange(8, 0, -1)
    drawn = np.log((ranks + 1) / ranks) / np.log(9)
    np.testing.assert_allclose(shares, drawn, atol=0.05)


def test_no_two_elites_share_a_score():
    latents = np.random.default_rng(0).standard_normal((10, 3))
    optimizer = LatentEvolution(lambda n, _: latents[:n], EvolutionConfig(first_sample=10), 0)
    optimizer.tell(optimizer.ask(10), np.array([1, 1, 2, 2, 2, 3, np.nan, 3, 0, 1], dtype=float))
    state = optimizer.state()
    np.testing.assert_array_equal(state.arrays["elite_scores"], [3, 2, 1, 0])
    # The latest of each.
    np.testing.assert_array_equal(state.arrays["elites"], latents[[7, 4, 9, 8]])


class TestStepLength:
    @staticmethod
    def after(scores, change=0.0, fresh=0.0):
        config = EvolutionConfig(first_sample=20, fresh=fresh)
        optimizer = LatentEvolution(standard_normal, config, 0)
        optimizer.tell(optimizer.ask(20), np.arange(20.0))
        for _ in range(5):
            optimizer.tell(optimizer.ask(10), np.asarray(scores, dtype=np.float64))
            scores = np.asarray(scores) + change
        return optimizer.state().values["step"]

    def test_it_grows_while_the_children_are_better(self):
        assert self.after(100 + np.arange(10.0), change=100) == 1.0

    def test_it_shrinks_while_they_are_worse_or_decode_to_nothing(self):
        # Fifty failures, each of which takes a fourth of what a success gives.
        expected = 0.3 * np.exp(-0.05 * 50 * 0.2 / 0.8)
        assert self.after(-1 - np.arange(10), change=-100) == pytest.approx(expected)
        assert self.after(np.full(10, np.nan)) == pytest.approx(expected)

    def test_one_success_in_five_leaves_it(self):
        assert self.after([np.nan] * 8 + [19.0, 19.0]) == pytest.approx(0.3)

    def test_children_that_are_their_parents_again_make_it_grow(self):
        assert self.after(np.full(10, 19.0)) > 0.3

    def test_fresh_draws_do_not_count(self):
        assert self.after(np.full(10, np.nan), fresh=1.0) == 0.3


def test_fresh_draws_keep_coming():
    children = bred(QUIET.with_changes({"fresh": 0.25}), ENDS, [1, 2])
    assert (children == 9.0).all(axis=1).mean() == pytest.approx(0.25, abs=0.07)


def test_a_lone_elite_is_out_of_the_settings():
    with pytest.raises(ConfigError, match="elites"):
        EvolutionConfig.parse({"elites": 1})
