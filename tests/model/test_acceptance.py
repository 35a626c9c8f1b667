import pytest
import torch

from molvae.model.acceptance import Acceptance, evidence


@pytest.fixture
def acceptance():
    torch.random.manual_seed(3)
    return Acceptance(2).eval().requires_grad_(False)


def draws(n=4_000, seed=0):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def test_before_it_is_fitted_it_is_in_proportion_to_the_odds(acceptance):
    shares = acceptance.log_share_at(draws())
    assert shares.max() <= 0.0
    torch.testing.assert_close(shares, acceptance.log_odds(draws()).clamp(max=0.0))


def test_calibration_leaves_the_wanted_share_of_the_draws_below_the_ceiling(acceptance):
    acceptance.calibrate(draws(), 0.8)
    below = acceptance.log_share_at(draws()) < 0
    assert below.float().mean() == pytest.approx(0.8, abs=0.001)


def test_the_normalisation_is_the_share_of_all_draws_that_is_taken(acceptance):
    acceptance.calibrate(draws(), 0.8)
    taken = acceptance.takes(draws(seed=1), torch.Generator().manual_seed(0))
    assert taken.float().mean() == pytest.approx(float(acceptance.log_share.exp()), abs=0.02)
    # E[a(z) / Z] over the prior is 1: the resampled prior is a density.
    gain = acceptance.log_gain(draws()).exp().mean()
    assert float(gain) == pytest.approx(1.0, abs=1e-4)


def test_points_are_taken_as_often_as_it_says(acceptance):
    acceptance.calibrate(draws(), 0.9)
    for point in draws(3, seed=2):
        taken = acceptance.takes(point.repeat(5_000, 1), torch.Generator().manual_seed(1))
        expected = float(acceptance.log_share_at(point[None]).exp())
        assert taken.float().mean() == pytest.approx(expected, abs=0.03)


def test_points_are_brought_to_mean_0_and_deviation_1_even_where_they_do_not_vary(acceptance):
    points = draws() * torch.tensor([5.0, 0.0, 1.0, 1.0]) + 7.0
    acceptance.standardise(points)
    assert acceptance.mean.tolist() == pytest.approx([7.0] * 4, abs=0.3)
    assert acceptance.deviation[0] == pytest.approx(5.0, abs=0.2)
    assert acceptance.log_odds(points).isfinite().all()


def test_what_is_utterly_unlike_the_training_set_is_taken_once_in_a_while(acceptance):
    acceptance.log_ceiling.copy_(torch.tensor(1e3))
    taken = acceptance.takes(draws(20_000), torch.Generator().manual_seed(0))
    assert taken.float().mean() == pytest.approx(0.01, abs=0.003)


def test_the_evidence_of_a_draw_is_its_code_its_surprise_and_its_length():
    found = evidence(torch.tensor([[1.0, 2.0]]), torch.tensor([3.0]), torch.tensor([4]))
    assert found.tolist() == [[1.0, 2.0, 3.0, 4.0]]
