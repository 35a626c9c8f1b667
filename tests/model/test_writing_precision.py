import pytest
import torch

from molvae.model.precision import writes_in_bfloat16


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx2": True}, False),
        ({}, False),
    ],
)
def test_a_processor_that_multiplies_it_fast_writes_in_bfloat16(told, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert writes_in_bfloat16(torch.device("cpu")) is expected
    assert not writes_in_bfloat16(torch.device("cuda"))


def test_a_pytorch_that_does_not_tell_writes_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not writes_in_bfloat16(torch.device("cpu"))
