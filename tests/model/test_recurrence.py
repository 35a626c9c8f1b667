from copy import deepcopy

import pytest
import torch

from molvae.model.recurrence import GRULayer, UnrolledGRU


@pytest.fixture
def recurrence():
    return GRULayer(input_size=5, hidden_size=7).double()


def inputs(positions=6, molecules=3):
    source = torch.Generator().manual_seed(0)
    x = torch.randn(positions, molecules, 5, dtype=torch.double, generator=source)
    h = torch.randn(molecules, 7, dtype=torch.double, generator=source)
    return x.requires_grad_(), h.requires_grad_()


def test_states_are_those_of_torchs_own_gru(recurrence):
    x, h = inputs()
    torch.testing.assert_close(recurrence(x, h), recurrence.gru(x, h[None])[0])


def test_gradients_are_those_of_torchs_own_gru(recurrence):
    results = []
    for run in (recurrence, lambda x, h: recurrence.gru(x, h[None])[0]):
        x, h = inputs()
        recurrence.zero_grad()
        run(x, h).square().sum().backward()
        results.append([x.grad, h.grad, *(weight.grad.clone() for weight in recurrence.weights)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_gradients_are_those_of_finite_differences(recurrence):
    weights = [weight.detach().clone().requires_grad_() for weight in recurrence.weights]
    assert torch.autograd.gradcheck(UnrolledGRU.apply, (*inputs(), *weights))


def test_one_step_after_another_is_the_whole_sequence(recurrence):
    x, state = inputs()
    whole = recurrence(x, state)
    for position, expected in enumerate(whole):
        state = recurrence.step(recurrence.project(x[position]), state)
        torch.testing.assert_close(state, expected)


def test_the_last_states_are_those_of_each_molecule_alone(recurrence):
    gates = torch.randn(4, 21, dtype=torch.double)
    rows = [[3, 1, 2, 2], [0, 1], [2]]
    ids = torch.tensor([[3, 0, 2], [1, 1, 3], [2, 3, 3], [2, 3, 3]])
    last = recurrence.last_states(gates, ids, [3, 2, 1, 1])
    for row, found in zip(rows, last, strict=True):
        state = torch.zeros(1, 7, dtype=torch.double)
        for one in row:
            state = recurrence.step(gates[[one]], state)
        torch.testing.assert_close(found, state[0])


def test_with_weights_in_low_precision_the_state_keeps_its_own():
    recurrence = GRULayer(16, 32)
    x, state = torch.randn(20, 4, 16), torch.zeros(4, 32)
    full = recurrence(x, state)
    low = deepcopy(recurrence).to(torch.bfloat16)
    for position, expected in enumerate(full):
        state = low.step(low.project(x[position]), state)
        assert state.dtype == torch.float32
        torch.testing.assert_close(state, expected, atol=0.03, rtol=0.03)


def test_in_low_precision_states_and_gradients_are_those_of_float32_rounded():
    recurrence = GRULayer(16, 32)
    source = torch.Generator().manual_seed(3)
    inputs, start = torch.randn(20, 8, 16, generator=source), torch.zeros(8, 32)
    found = []
    for is_low in (False, True):
        recurrence.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_low):
            states = recurrence(inputs, start)
        assert states.dtype == (torch.bfloat16 if is_low else torch.float32)
        states = states.float()
        states.square().sum().backward()
        found.append([states.detach(), *(weight.grad.clone() for weight in recurrence.weights)])
    for full, low in zip(*found, strict=True):
        assert (low - full).norm() < 0.02 * full.norm()
