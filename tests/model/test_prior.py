import torch
from torch.distributions import Normal

from molvae.model.prior import NormalPrior


def test_log_density_is_that_of_torch_distributions():
    z = torch.randn(4, 3)
    torch.testing.assert_close(NormalPrior(3).log_density(z), Normal(0.0, 1.0).log_prob(z).sum(1))


def test_draws_are_repeatable_and_standard_normal():
    def draws():
        return NormalPrior(4).sample(5_000, torch.Generator().manual_seed(0))

    assert torch.equal(draws(), draws())
    torch.testing.assert_close(draws().mean(0), torch.zeros(4), atol=0.05, rtol=0)
    torch.testing.assert_close(draws().std(0), torch.ones(4), atol=0.05, rtol=0)
