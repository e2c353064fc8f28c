"""Checkpoints, written whole or not at all, and the search for the newest that can be used.

A checkpoint is a folder, named by env steps: ``weights`` and ``state``, and, once the evaluation that belongs to it was
played and logged, ``evaluation``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from marl.algorithms.history import check_shards
from marl.core.environment import State
from marl.core.errors import DamagedError, FileError
from marl.core.files import digest, make_folder, sync
from marl.core.reading import check_file
from marl.core.serialisation import load_state, save_state, state_file
from marl.core.version import FORMAT
from marl.policies.saved import check_format, load_policy, policy_file, present_learner, present_weights
from marl.system.memory import available_memory

__all__ = ["Checkpoint", "Checkpoints", "check_all_finite", "is_settled", "load_checkpoint", "newest"]

EVALUATION = "evaluation"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it was read, under the names of today.

    Args:
        folder: of the checkpoint.
        weights: of the policy, normalisers included.
        state: all else that training needs to go on.
        evaluation: what its evaluation left, see `Checkpoints.save_evaluation`; None if it was not played.
    """

    folder: Path
    weights: State
    state: State
    evaluation: State | None = None

    @property
    def env_steps(self) -> int:
        """Env steps done."""
        return int(self.folder.name)

    @property
    def evaluation_due(self) -> bool:
        """True if its evaluation is still to be played."""
        return bool(self.state.get("evaluation_due")) and self.evaluation is None


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
    def folders(self) -> list[Path]:
        """All checkpoints, the oldest first; what is in them was not looked at."""
        found = [path for path in self.folder.glob("[0-9]*") if NUMBER.fullmatch(path.name) and path.is_dir()]
        return sorted(found, key=lambda path: int(path.name))

    @property
    def latest(self) -> Path | None:
        """Newest checkpoint, or None."""
        return self.folders[-1] if self.folders else None

    def save(self, env_steps: int, weights: State, state: State) -> None:
        """Write a checkpoint beside the others, and remove those too old. The disk has it on return.

        A checkpoint that exists already stays as it is.

        Args:
            env_steps: env steps done.
            weights: of the policy, normalisers included.
            state: all else that training needs to go on.

        Raises:
            OSError: if it cannot be written; the others then stay as they were.
        """
        final = self._place(env_steps)
        if final.is_dir():
            return
        make_folder(self.folder)
        temporary = self.folder / f".writing-{final.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            save_state(temporary, "weights", {"weights": weights})
            save_state(temporary, "state", {**state, "format": FORMAT})
            os.replace(temporary, final)
            sync(self.folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        for old in [*self.folders[: -self.keep], *self.folder.glob(".writing-*")]:
            shutil.rmtree(old, ignore_errors=True)

    def save_evaluation(self, env_steps: int, left: State) -> None:
        """Note in a checkpoint that its evaluation was played and logged; nothing without that checkpoint.

        Args:
            env_steps: env steps of the checkpoint.
            left: what the evaluation changed.

        Raises:
            OSError: if it cannot be written.
        """
        if self._place(env_steps).is_dir():
            save_state(self._place(env_steps), EVALUATION, left)

    def set_aside(self, name: str) -> Path:
        """Move a damaged checkpoint out of the way.

        Args:
            name: of its folder.

        Returns:
            Where it is now: ``damaged-NUMBER``, with a count behind it from the second on.
        """
        names = (f"damaged-{name}{count}" for count in ("", *(f"-{i}" for i in range(2, 1_000))))
        aside = next(path for path in map(self.folder.joinpath, names) if not path.exists())
        os.replace(self.folder / name, aside)
        return aside

    def _place(self, env_steps: int) -> Path:
        return self.folder / f"{env_steps:012d}"


def newest(folder: Path) -> tuple[Checkpoint | None, dict[str, str]]:
    """Find the newest checkpoint that is whole and finite.

    Args:
        folder: ``checkpoints/`` of a run.

    Returns:
        The checkpoint, or None if there is none; and what is wrong with each newer one, by its name.

    Raises:
        FileError: if a checkpoint is whole but cannot be used, e.g. as a later version wrote it.
    """
    wrong: dict[str, str] = {}
    for path in reversed(Checkpoints(folder).folders):
        try:
            return load_checkpoint(path), wrong
        except DamagedError as error:
            wrong[path.name] = str(error)
    return None, wrong


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint of this version's format or an earlier one.

    Raises:
        DamagedError: if a file is missing, truncated, changed or foreign, also of the history that it names, or holds
            what is not finite.
        FileError: if it is of a later format, or not of this package.
    """
    try:
        for path in folder.glob("*.safetensors"):
            check_file(path, available_memory())
    except FileError as error:
        raise DamagedError(str(error)) from error
    weights, state = load_state(folder, "weights").get("weights", {}), load_state(folder, "state")
    try:
        number = state["format"]
        check_format(number, folder)
        if number == 1:
            state["source"] = state.pop("collector")
        weights, learner = present_weights(weights, number), present_learner(state["learner"], number)
        if not all(isinstance(weight, torch.Tensor) for weight in weights.values()):
            raise TypeError("weights are no tensors")
        learner.items()
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{folder} does not fit this package: {error}") from error
    try:
        check_all_finite(weights, learner)
    except ValueError as error:
        raise DamagedError(f"{folder}: {error}") from error
    check_shards(folder.parents[1] / "history", learner.get("history", {}).get("shards", {}))
    evaluation = load_state(folder, EVALUATION) if state_file(folder, EVALUATION).exists() else None
    return Checkpoint(folder, weights, {**state, "learner": learner}, evaluation)


def is_settled(run: Path, checkpoint: Checkpoint) -> bool:
    """True if all that follows a checkpoint was done: its evaluation, and the writing of ``policy/``.

    Args:
        run: folder of the run.
        checkpoint: its latest.
    """
    if checkpoint.evaluation_due:
        return False
    try:
        wished = checkpoint.state.get("policy_digest")
        if wished is not None:
            return digest(policy_file(run)) == wished
        # written before checkpoints had a digest, when the policy was always the last one
        weights = load_policy(run).policy.state_dict()
        return weights.keys() == checkpoint.weights.keys() and all(
            torch.equal(weights[name], checkpoint.weights[name]) for name in weights
        )
    except FileError:
        return False


def check_all_finite(weights: State, learner: State) -> None:
    """Refuse weights, normalisers, tables, moments and priorities that are not finite; a replay aside.

    Raises:
        ValueError: naming the first.
    """
    kept = {name: part for name, part in learner.items() if name != "replay"}
    for name, tensor in [*_tensors("", weights), *_tensors("learner.", kept)]:
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"{name} is not finite")


def _tensors(prefix: str, state: State) -> Iterator[tuple[str, torch.Tensor]]:
    for name, value in state.items():
        if isinstance(value, torch.Tensor):
            yield prefix + name, value
        elif isinstance(value, dict):
            part: dict[str, Any] = value
            yield from _tensors(f"{prefix}{name}.", part)
