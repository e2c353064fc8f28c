"""Checkpoints that are whole or absent."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from marl.core.environment import State
from marl.core.serialisation import save_state
from marl.policies.policy import Policy
from marl.policies.saved import FORMAT

__all__ = ["Checkpoints"]


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a run, one folder each, named by env steps.

    Args:
        folder: ``checkpoints/`` of the run.
        keep: how many of the latest are kept.
    """

    folder: Path
    keep: int = 2

    @property
    def whole(self) -> list[Path]:
        """The whole checkpoints, the oldest first."""
        return sorted(path for path in self.folder.glob("[0-9]*") if path.name.isdigit() and path.is_dir())

    @property
    def latest(self) -> Path | None:
        """The newest whole checkpoint, or None."""
        return self.whole[-1] if self.whole else None

    def save(self, env_steps: int, policy: Policy, state: State) -> Path:
        """Writes a checkpoint beside the others and removes those too old.

        One that is there already is left as it is.

        Args:
            env_steps: how far training has come.
            policy: its weights and normalisers are stored.
            state: all else that training needs to go on.

        Raises:
            OSError: if it cannot be written; the others are then as they were.
        """
        final = self.folder / f"{env_steps:012d}"
        if final.exists():
            return final
        self.folder.mkdir(exist_ok=True)
        temporary = self.folder / f".writing-{final.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            save_state(temporary, "weights", {"weights": dict(policy.state_dict())})
            save_state(temporary, "state", {**state, "format": FORMAT})
            os.replace(temporary, final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        for old in [*self.whole[: -self.keep], *self.folder.glob(".writing-*")]:
            shutil.rmtree(old, ignore_errors=True)
        return final
