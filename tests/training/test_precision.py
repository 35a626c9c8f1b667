import pytest
import torch

from molvae.training import precision
from molvae.training.precision import pick_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("half", "full", "picked"),
    [(1.0, 2.0, torch.bfloat16), (1.0, 1.2, torch.float32), (2.0, 1.0, torch.float32)],
)
def test_bfloat16_is_picked_where_it_is_clearly_faster(monkeypatch, half, full, picked):
    seconds = {torch.bfloat16: half, torch.float32: full}
    monkeypatch.setattr(precision, "_seconds", lambda device, dtype: seconds[dtype])
    assert pick_precision(CPU) == picked


def test_float32_is_picked_where_bfloat16_has_no_gradients(monkeypatch):
    take = torch.autograd.grad

    def gradients(loss, weights):
        if loss.grad_fn.next_functions[0][0].name() == "ToCopyBackward0":
            raise NotImplementedError("no gradients in BFloat16")
        return take(loss, weights)

    monkeypatch.setattr(torch.autograd, "grad", gradients)
    assert precision._seconds(CPU, torch.float32) < float("inf")
    assert precision._seconds(CPU, torch.bfloat16) == float("inf")
    assert pick_precision(CPU) == torch.float32
