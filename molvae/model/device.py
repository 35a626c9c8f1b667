"""Choice of the device that a network runs on."""

import torch

from molvae.errors import ConfigError
from molvae.model.network_config import Device, check_device


def pick_device(name: Device = "auto") -> torch.device:
    """The device of that name; `auto` takes cuda, else mps, else cpu.

    Raises:
        ConfigError: there is no device of that name, or not on this machine.
    """
    try:
        kind, _, index = check_device(name).partition(":")
    except ValueError as error:
        raise ConfigError(str(error)) from None
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if kind == "auto":
        return torch.device("cuda" if has["cuda"] else "mps" if has["mps"] else "cpu")
    if not has[kind] or (index and int(index) >= torch.cuda.device_count()):
        raise ConfigError(f"this machine has no device {name}; use `device=auto`")
    return torch.device(name)
