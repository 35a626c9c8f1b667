"""Choice of the number format in which a device trains."""

import time

import torch

from molvae.model.recurrence import GRULayer

_SIZE, _POSITIONS, _ROWS = 512, 16, 128
_REPEATS = 6
_WORTH_IT = 1.3
"""Speed-up of bfloat16 below which float32 keeps its digits."""


def pick_precision(device: torch.device) -> torch.dtype:
    """bfloat16 if a short measurement shows that a GRU is clearly faster in it, else float32."""
    times: dict[torch.dtype, float] = dict.fromkeys((torch.bfloat16, torch.float32), float("inf"))
    # In turn, so that other work of the machine slows down both.
    for _ in range(_REPEATS):
        times = {dtype: min(best, _seconds(device, dtype)) for dtype, best in times.items()}
    is_faster = times[torch.bfloat16] * _WORTH_IT < times[torch.float32]
    return torch.bfloat16 if is_faster else torch.float32


def _seconds(device: torch.device, dtype: torch.dtype) -> float:
    """Time of a short sequence and its gradients; infinite where the device lacks the format.

    Some devices have the format for the sequence but not for its gradients.
    """
    recurrence = GRULayer(_SIZE, _SIZE).to(device)
    inputs = torch.ones(_POSITIONS, _ROWS, _SIZE, device=device)
    start = torch.zeros(_ROWS, _SIZE, device=device)
    begin = time.perf_counter()
    try:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            states = recurrence(inputs, start)
        gradients = torch.autograd.grad(states.float().sum(), recurrence.weights)
        # Reading a value waits for the GPU.
        gradients[0].sum().item()
    except RuntimeError:
        return float("inf")
    return time.perf_counter() - begin
