import pytest
import torch

from molvae.model.loss import kl_mask, property_errors, training_loss


def test_the_loss_is_reconstruction_and_beta_times_kl():
    reconstruction, kl = torch.tensor([3.0, 5.0]), torch.tensor([[1.0, 0.5], [2.0, 0.1]])
    counted = kl_mask(kl.mean(0), 0.0)
    assert training_loss(reconstruction, kl, 0.5, counted).item() == pytest.approx(9.8)


def test_a_dimension_below_the_free_bits_feels_no_pull():
    kl = torch.tensor([[1.0, 0.5], [2.0, 0.1]], requires_grad=True)
    counted = kl_mask(kl.detach().mean(0), 0.4)
    training_loss(torch.zeros(2), kl, 1.0, counted).backward()
    assert kl.grad.tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_a_missing_property_costs_nothing_and_pulls_nothing():
    predicted = torch.tensor([[1.0, 2.0]], requires_grad=True)
    errors = property_errors(predicted, torch.tensor([[float("nan"), 5.0]]))
    assert errors.tolist() == [[0.0, 9.0]]
    errors.sum().backward()
    assert predicted.grad.tolist() == [[0.0, -6.0]]
