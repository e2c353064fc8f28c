"""Warnings as a person reads them."""

from __future__ import annotations

import re
import sys
import warnings
from typing import TextIO

from marl.core.errors import Note

__all__ = ["show_warning"]

GYMNASIUM = re.compile(r"\x1b\[\d+m(?:WARN|ERROR): (.*)\x1b\[0m", re.DOTALL)
"""Warnings of Gymnasium, which colours them whoever reads them."""


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a note, or a warning of Gymnasium, as one line, other warnings as Python does.

    Commands and the processes of pools have it as `warnings.showwarning`.
    """
    found = GYMNASIUM.fullmatch(str(message))
    text = f"note: {found[1] if found else message}\n"
    if not found and not issubclass(category, Note):
        text = warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)
