"""Checkpoints, written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from marl.core.environment import State
from marl.core.errors import FileError
from marl.core.reading import check_file
from marl.core.serialisation import load_state, save_state
from marl.policies.policy import Policy
from marl.policies.saved import FORMAT, check_format, present_learner, present_weights
from marl.system.memory import available_memory

__all__ = ["Checkpoints", "load_checkpoint"]

NUMBER = re.compile("[0-9]{1,18}")


@dataclass(frozen=True)
class Checkpoints:
    """Checkpoints of a run, one folder each, named by env steps.

    Args:
        folder: ``checkpoints/`` of the run.
        keep: number of latest checkpoints to keep.
    """

    folder: Path
    keep: int = 2

    @property
    def whole(self) -> list[Path]:
        """Whole checkpoints, the oldest first."""
        found = [path for path in self.folder.glob("[0-9]*") if NUMBER.fullmatch(path.name) and path.is_dir()]
        return sorted(found, key=lambda path: int(path.name))

    @property
    def latest(self) -> Path | None:
        """Newest whole checkpoint, or None."""
        return self.whole[-1] if self.whole else None

    def save(self, env_steps: int, policy: Policy, state: State) -> Path:
        """Write a checkpoint beside the others, and remove those too old.

        A checkpoint that exists already stays as it is.

        Args:
            env_steps: env steps done.
            policy: its weights and normalisers are stored.
            state: all else that training needs to go on.

        Raises:
            OSError: if it cannot be written; the others then stay as they were.
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


def load_checkpoint(folder: Path) -> tuple[State, State]:
    """Read a whole checkpoint of this version's format or an earlier one.

    Returns:
        Weights, and all else that training needs to go on, under the present names.

    Raises:
        FileError: if a file is missing, truncated, foreign or of a later format.
    """
    for path in folder.glob("*.safetensors"):
        check_file(path, available_memory())
    weights, state = load_state(folder, "weights").get("weights", {}), load_state(folder, "state")
    try:
        number = state["format"]
        check_format(number, folder)
        if number == 1:
            state["source"] = state.pop("collector")
        return present_weights(weights, number), {**state, "learner": present_learner(state["learner"], number)}
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{folder} does not fit this package: {error}") from error
