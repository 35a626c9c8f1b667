"""Choice of the number format in which a network samples."""

import torch

_FAST_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""CPU instructions that multiply bfloat16 matrices faster than float32 ones."""


def writes_in_bfloat16(device: torch.device) -> bool:
    """Whether this device is known to multiply bfloat16 faster than float32.

    It is not measured, as for training: a repeated or resumed search must use the same format.
    """
    # On a GPU, only cuDNN 9.13 or later runs a GRU in bfloat16 (pytorch/pytorch#164411). Older
    # versions of PyTorch do not report the capabilities of a CPU.
    tell = getattr(torch.cpu, "get_capabilities", None)
    capabilities = tell() if tell and device.type == "cpu" else {}
    return any(capabilities.get(name) for name in _FAST_BFLOAT16)
