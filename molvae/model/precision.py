"""Where a network that only writes works in bfloat16."""

import torch

_FAST_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Instructions of processors that multiply such matrices faster than those of float32."""


def writes_in_bfloat16(device: torch.device) -> bool:
    """Whether this device is known to multiply bfloat16 faster than float32.

    Not by a measurement, as training has it: what is repeated or resumed must take the same path.
    """
    # The GRU of a GPU has bfloat16 in the latest versions of cuDNN alone (9.13,
    # pytorch/pytorch#164411). As for processors, older versions of PyTorch do not tell.
    tell = getattr(torch.cpu, "get_capabilities", None)
    capabilities = tell() if tell and device.type == "cpu" else {}
    return any(capabilities.get(name) for name in _FAST_BFLOAT16)
