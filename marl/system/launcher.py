"""Commands of this installation as a user can type them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

__all__ = ["program"]


def program(name: str) -> str:
    """Command of this environment: its name if the shell finds it, else its path."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    return name if found is not None and Path(found).resolve() == beside.resolve() else str(beside)
