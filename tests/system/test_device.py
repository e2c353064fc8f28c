from __future__ import annotations

import pytest
import torch

from marl.core.errors import ConfigError
from marl.system.device import resolve_device


def test_devices_are_checked() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda")
    for name in ("tpu", "meta", "cuda:99"):
        with pytest.raises(ConfigError, match=f"device is '{name}'"):
            resolve_device(name)
