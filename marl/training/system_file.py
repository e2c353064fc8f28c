"""``system.json`` of a run: versions, command and machine of each process that trained it."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from marl.core.errors import FileError
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.core.version import __version__
from marl.core.wording import typed_command
from marl.system.memory import available_memory
from marl.system.process_pool import usable_cores

__all__ = ["SYSTEM_FILE", "save_system"]

SYSTEM_FILE = "system.json"
PACKAGES = ("torch", "numpy", "gymnasium", "pettingzoo", "mpe2", "torch-geometric", "numba")
"""Packages whose versions may change numbers."""


def save_system(folder: Path, env_steps: int, device: torch.device) -> dict[str, Any]:
    """Add this process to ``system.json``; a damaged file is begun anew.

    No name of a user or of a machine is written, and no path but those of the command.

    Args:
        folder: of the run.
        env_steps: env steps at which it begins.
        device: device of the tensors.

    Returns:
        What was added.

    Raises:
        OSError: if it cannot be written.
    """
    path = folder / SYSTEM_FILE
    now = {
        "env_steps": env_steps,
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": _command(),
        "versions": {"marl-teams": __version__, "python": platform.python_version(), **_versions()},
        "machine": _machine(device),
    }
    save_json(path, {"processes": [*_earlier(path), now]})
    return now


def _earlier(path: Path) -> list[Any]:
    if not path.exists():
        return []
    try:
        processes = read_json(path)["processes"]
        json.dumps(processes, allow_nan=False)
    except (FileError, LookupError, TypeError, ValueError):
        return []
    return processes if isinstance(processes, list) else []


def _command() -> str:
    """Command as it was typed; of a training from Python the name of the script."""
    typed = typed_command()
    return shlex.join(["marl", *typed]) if typed is not None else Path(sys.argv[0]).name


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _machine(device: torch.device) -> dict[str, Any]:
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "usable_cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "available_memory": available_memory(),
        "device": device.type,
        "gpu": gpu,
    }
