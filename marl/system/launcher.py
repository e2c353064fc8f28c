"""Commands of this installation as they can be typed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

__all__ = ["program"]


def program(name: str) -> str:
    """A command of this environment as it can be typed here: by its path if its name would not find it."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    return name if found is not None and Path(found).resolve() == beside.resolve() else str(beside)
