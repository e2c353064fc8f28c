"""Stand-in for the process of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marl.training.run_config import read_config
from marl.training.train import train_run

__all__ = ["Here"]


class Here:
    """In place of `RunProcess`: trains a run of several in this process, which need not be started."""

    status = 0

    def __init__(self, command: Sequence[str], job: dict[str, Any], log: Path, lock: int) -> None:
        assert train_run(read_config(job["config"]), Path(job["folder"]), job["resume"]).finished

    def told(self) -> None:
        """Nothing is told: it has ended."""

    def printed(self) -> list[str]:
        """Nothing is printed."""
        return []

    def close(self) -> None:
        """Nothing is open."""
