"""Commands of this installation as a user can type them."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

__all__ = ["command_line", "program"]


def command_line(name: str, *arguments: object) -> str:
    """Line with a command of this environment that can be pasted into a shell."""
    return shlex.join([program(name), *map(str, arguments)])


def program(name: str) -> str:
    """Command of this environment: its name if the shell finds it, else its path."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    return name if found is not None and Path(found).resolve() == beside.resolve() else str(beside)
