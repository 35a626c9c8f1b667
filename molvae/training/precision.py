"""Which number format the matrix products of training use on a device."""

import time

import torch

from molvae.model.recurrence import Recurrence

_SIZE = 512
_WORTH_IT = 1.3
"""Speed-up of bfloat16 below which float32 keeps its digits."""


def pick_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where this device runs a GRU clearly faster in it, else float32; measured."""
    fast, plain = _seconds(device, torch.bfloat16), _seconds(device, torch.float32)
    return torch.bfloat16 if fast * _WORTH_IT < plain else torch.float32


def _seconds(device: torch.device, dtype: torch.dtype) -> float:
    """Least time of a few positions forward and back; infinite where the format is not there."""
    recurrence = Recurrence(_SIZE, _SIZE).to(device)
    inputs = torch.ones(8, 64, _SIZE, device=device)
    start = torch.zeros(64, _SIZE, device=device)
    times = []
    try:
        for _ in range(4):
            begin = time.perf_counter()
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                states = recurrence(inputs, start)
            states.float().sum().item()
            times.append(time.perf_counter() - begin)
    except RuntimeError:
        return float("inf")
    return min(times[1:])
