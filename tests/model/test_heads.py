import torch

from molvae.model.heads import PropertyHead


def test_predictions_are_in_the_users_units():
    head = PropertyHead(latent_size=3, n_properties=2)
    head.mean.copy_(torch.tensor([10.0, -1.0]))
    head.deviation.copy_(torch.tensor([2.0, 0.5]))
    z = torch.randn(4, 3)
    torch.testing.assert_close(head.standardise(head.predict(z)), head(z))


def test_a_missing_value_stays_missing():
    head = PropertyHead(3, 1)
    assert head.standardise(torch.tensor([[float("nan")]])).isnan().all()
