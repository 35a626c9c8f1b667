import pytest
import torch

from molvae.model.acceptance import Acceptance, DrawFeatures, Resampler
from molvae.model.decoding import Sequences

FEATURES = 4


@pytest.fixture
def acceptance():
    torch.random.manual_seed(3)
    acceptance = Acceptance(FEATURES).eval().requires_grad_(False)
    acceptance.standardise(draws().counts)
    # So that molecules differ, as they do to one that was fitted.
    acceptance.layers[-1].weight.mul_(4.0)
    return acceptance


def draws(n=4_000, seed=0):
    source = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 5, (n, FEATURES), generator=source, dtype=torch.uint8)
    return DrawFeatures(counts, 10.0 + 3.0 * torch.randn(n, generator=source))


def one_of(found, place, times=1):
    return DrawFeatures(found.counts[place].repeat(times, 1), found.nll[place].repeat(times))


def test_before_it_is_calibrated_it_is_in_proportion_to_the_odds(acceptance):
    shares = acceptance.log_acceptance_prob(draws())
    assert shares.max() <= 0.0
    torch.testing.assert_close(shares, acceptance.log_density_ratio(draws()).clamp(max=0.0))


def test_calibration_leaves_the_wanted_share_of_the_draws_below_the_ceiling(acceptance):
    acceptance.calibrate(draws(), 0.8)
    below = acceptance.log_acceptance_prob(draws()) < 0
    assert below.float().mean() == pytest.approx(0.8, abs=0.01)


def test_the_normalisation_is_the_share_of_all_draws_that_is_taken(acceptance):
    acceptance.calibrate(draws(), 0.8)
    taken = acceptance.accept(draws(seed=1), chance(4_000))
    assert taken.float().mean() == pytest.approx(float(acceptance.log_z.exp()), abs=0.02)
    # E[a(x) / Z] over the prior is 1: the resampled prior is a distribution.
    gain = acceptance.log_correction(draws()).exp().mean()
    assert float(gain) == pytest.approx(1.0, abs=1e-4)


def test_draws_are_taken_as_often_as_it_says(acceptance):
    acceptance.calibrate(draws(), 0.9)
    acceptance.nll_floor.fill_(10.0)
    for place in range(3):
        some = draws(3, seed=2)
        taken = acceptance.accept(one_of(some, place, 5_000), chance(5_000, seed=1))
        expected = float(acceptance.log_acceptance_prob(one_of(some, place)).exp())
        assert taken.float().mean() == pytest.approx(expected, abs=0.03)


def test_features_are_standardised_by_the_logarithms_of_their_counts(acceptance):
    counts = draws(10_000, seed=4).counts
    counts[:, 1] = 7
    acceptance.standardise(counts)
    logs = torch.log1p(counts.double())
    torch.testing.assert_close(acceptance.mean.double(), logs.mean(0))
    assert acceptance.deviation[0] == pytest.approx(float(logs[:, 0].std()), rel=1e-3)
    # What never varies so far is not looked at too closely when it does.
    assert acceptance.deviation[1] == pytest.approx(0.03)
    assert acceptance.log_density_ratio(draws()).isfinite().all()


def test_a_feature_that_is_far_from_its_mean_counts_for_no_more_than_eight_deviations(acceptance):
    acceptance.deviation.fill_(0.1)
    odds = acceptance.classifier_logits(
        torch.tensor([[100, 0, 0, 0], [200, 0, 0, 0]], dtype=torch.uint8)
    )
    torch.testing.assert_close(odds[0], odds[1])


def test_what_is_utterly_unlike_the_training_set_is_taken_once_in_a_while(acceptance):
    acceptance.log_ceiling.copy_(torch.tensor(1e3))
    taken = acceptance.accept(draws(20_000), chance(20_000))
    assert taken.float().mean() == pytest.approx(0.01, abs=0.003)


def test_half_of_what_the_prior_is_too_sure_by_comes_off_the_odds(acceptance):
    counts = draws(3).counts
    nll = torch.tensor([4.0, 10.0, 16.0])
    own = acceptance.classifier_logits(counts)
    acceptance.nll_floor.fill_(10.0)
    odds = acceptance.log_density_ratio(DrawFeatures(counts, nll))
    torch.testing.assert_close(own - odds, torch.tensor([3.0, 0.0, 0.0]))


def test_a_selection_judges_ids_by_their_description_and_their_surprise(acceptance):
    acceptance.nll_floor.fill_(10.0)
    acceptance.calibrate(draws(), 0.9)

    resampler, ids = (
        Resampler(acceptance, count_features),
        torch.tensor([[0, 1, 2, 3], [3, 0, 0, 1]]),
    )
    nll = torch.tensor([4.0, 14.0])
    gain = acceptance.log_correction(DrawFeatures(increments(ids), nll))
    torch.testing.assert_close(resampler.log_correction(ids, nll), gain)
    assert resampler.acceptance_rate == pytest.approx(float(acceptance.log_z.exp()))
    many = Sequences(ids.repeat(500, 1), nll.repeat(500))
    taken = resampler.resample([many, many], torch.Generator().manual_seed(6))
    same = torch.Generator().manual_seed(6)
    for lot in taken:
        chances = torch.rand(1_000, generator=same)
        seen = DrawFeatures(increments(many.ids), many.nll)
        assert torch.equal(lot, many.ids[acceptance.accept(seen, chances)])
        assert 0 < len(lot) < 1_000


def test_what_is_taken_does_not_depend_on_how_far_ahead_lots_are_asked_for(acceptance):
    acceptance.nll_floor.fill_(10.0)
    acceptance.calibrate(draws(), 0.9)

    def all_at_once(lots):
        yield from [(item, increments(ids)) for item, ids in list(lots)]

    def written(generator):
        # As a language model writes them: by the same generator.
        for _ in range(5):
            ids = torch.randint(0, 9, (200, 4), generator=generator)
            yield Sequences(ids, 20.0 * torch.rand(200, generator=generator))

    source, other = (torch.Generator().manual_seed(3) for _ in range(2))
    one_by_one = Resampler(acceptance, count_features).resample(written(source), source)
    ahead = Resampler(acceptance, all_at_once).resample(written(other), other)
    for mine, theirs in zip(one_by_one, ahead, strict=True):
        assert torch.equal(mine, theirs)


def chance(n, seed=0):
    return torch.rand(n, generator=torch.Generator().manual_seed(seed))


def increments(ids):
    return (ids + 1).to(torch.uint8)


def count_features(batches):
    return ((item, increments(ids)) for item, ids in batches)
