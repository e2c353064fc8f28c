"""Processes that tests start, as the system shows them."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["children_of", "is_alive", "wait_until_gone"]


def is_alive(process: int) -> bool:
    """True while a process runs; a zombie, which only waits to be asked for its status, does not."""
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(process: int, seconds: float = 5.0) -> bool:
    """Wait for the end of a process; False if it still runs after that time."""
    until = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def children_of(process: int) -> list[int]:
    """Processes that were started by another, or by one of those."""
    files = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for file in files for child in file.read_text().split()]
    return children + [grandchild for child in children for grandchild in children_of(child)]
