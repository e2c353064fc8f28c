"""PyTorch devices by name."""

from __future__ import annotations

import torch

from marl.core.errors import ConfigError

__all__ = ["resolve_device"]


def resolve_device(name: str) -> torch.device:
    """Resolve a device by name; ``auto`` is CUDA where available, else the CPU.

    Raises:
        ConfigError: if the device is not available.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device is {name!r}; write cpu, cuda, cuda:N or auto") from error
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device is {name!r}; write cpu, cuda, cuda:N or auto")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"device is {name!r}, but PyTorch finds {torch.cuda.device_count()} CUDA devices here; write cpu or auto"
        )
    return device
