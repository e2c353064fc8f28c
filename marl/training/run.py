"""Training run: its parts, how they are built, and how they are stored."""

from __future__ import annotations

import hashlib
import operator
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from marl.algorithms.learner import Learner, NonFiniteError
from marl.core.environment import State
from marl.core.errors import (
    ConfigError,
    EnvironmentFailedError,
    FileError,
    Note,
    TrainingError,
    WorkerFailedError,
)
from marl.core.reading import check_file
from marl.core.task import Task
from marl.core.wording import argument
from marl.policies.policy import Policy
from marl.policies.saved import encode_policy, load_weights, write_policy
from marl.system.device import resolve_device
from marl.system.memory import give_back_large_blocks
from marl.system.process_pool import check_threads
from marl.training.best_policy import BEST_POLICY
from marl.training.changes import check_resumable, differences
from marl.training.checkpoints import Checkpoint, Checkpoints, check_all_finite, newest
from marl.training.evaluation import Evaluation
from marl.training.parts import build_parts
from marl.training.run_config import RunConfig, run_values
from marl.training.schedule_note import schedule_notes
from marl.training.score_log import ScoreLog
from marl.training.source import Source

__all__ = ["Run", "build_run"]

SCALED = 3
"""Format since which policies act between -1 and 1."""
WRITTEN = (
    *("metrics.jsonl", "score.json", "scores.csv", "scores.png", "system.json"),
    *("policy/policy.safetensors", "best_policy/policy.safetensors"),
)
"""Files that are written in a run's folder; in their place a pipe would be waited for."""


@dataclass(repr=False)
class Run:
    """Parts of a training run.

    Args:
        config: settings.
        folder: folder of everything that is written.
        device: device of the tensors.
        task: kind of environment.
        source: source of experience; holds the training environment.
        policy: policy to train.
        learner: learner of the policy.
        checkpoints: checkpoints in the run's folder.
        scores: score of every episode; scores may end the run.
        evaluation: of the policy, between iterations.
        batch_bytes: memory of rollouts and replay.
        events: as of `Environment`.
        env_steps: env steps done so far.
        start: checkpoint that the run goes on from; None for a new run.
        untried: folder of that checkpoint until an iteration has gone on from it; else None.
        saved_at: env steps at the latest save, also of the run that goes on; None before.
    """

    config: RunConfig[Any]
    folder: Path
    device: torch.device
    task: Task
    source: Source
    policy: Policy
    learner: Learner
    checkpoints: Checkpoints
    scores: ScoreLog
    evaluation: Evaluation
    batch_bytes: int = 0
    events: Mapping[str, str] = field(default_factory=dict)
    env_steps: int = 0
    start: Checkpoint | None = None
    untried: Path | None = None
    saved_at: int | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.env_steps:,} of {self.config.total_env_steps:,} env steps)"

    @property
    def player(self) -> Policy:
        """Policy that plays and is stored: the best one, where the learner keeps it apart, or the one that learns."""
        best: Policy = getattr(self.learner, "best", self.policy)
        return best

    @property
    def finished(self) -> bool:
        """True when all env steps are done, or the scores end training."""
        return self.env_steps >= self.config.total_env_steps or self.scores.over

    @property
    def share_done(self) -> float:
        """Share of the env steps that are done, for the schedules."""
        return self.env_steps / self.config.total_env_steps

    def is_due(self, interval: int, before: int) -> bool:
        """True where a multiple of an interval was passed since ``before`` env steps, and at the end."""
        return self.finished or self.env_steps // interval > before // interval

    def encoded(self) -> bytes:
        """File of the policy that plays."""
        return encode_policy(self.player, self.config.env.model_dump(mode="json"))

    def save(self, monitored: State, evaluation_due: bool = False) -> None:
        """Write a checkpoint, then the scores and the policy, unless this was done before.

        Args:
            monitored: state of the monitor; its log is on the disk.
            evaluation_due: True if an evaluation follows, which a resume will play first.

        Raises:
            TrainingError: if they cannot be written, or a weight or moment is not finite; the checkpoints are then as
                they were.
        """
        content = self.encoded()
        weights, learner = dict(self.policy.state_dict()), self.learner.state()
        try:
            check_all_finite(weights, learner)
        except ValueError as error:
            raise TrainingError(f"at env step {self.env_steps:,}, {error}{self._left}") from error
        state = {
            "env_steps": self.env_steps,
            "learner": learner,
            "source": self.source.state(),
            **monitored,
            "score_log": self.scores.state(),
            "device": self.device.type,
            "evaluation_due": evaluation_due,
            "policy_digest": hashlib.sha256(content).hexdigest(),
        }
        with self.writing():
            self.checkpoints.save(self.env_steps, weights, state)
            self.scores.save(self.env_steps)
            write_policy(self.folder / "policy", content)
        self.saved_at = self.env_steps

    def load(self, start: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises:
            FileError: if it cannot be used, or was written on another kind of device.
        """
        checkpoint, state = start.folder, start.state
        if state.get("device", self.device.type) != self.device.type:
            there = state["device"]
            told = f"{checkpoint} was written on {there}, this is {self.device.type}"
            raise FileError(f"{told}: give {argument('device', there, repr(there))}")
        if state["format"] < SCALED and any(c.action.kind == "continuous" for c in self.policy.roster.classes):
            raise FileError(
                f"{checkpoint} is of an earlier version, whose policies acted between the environment's own bounds; "
                "today they act between -1 and 1: train anew"
            )
        self.untried = checkpoint
        with self.fitting():
            load_weights(self.policy, start.weights, checkpoint)
            self.learner.load_state(state["learner"])
            self.source.load_state(state["source"])
            self.env_steps = self.saved_at = operator.index(state["env_steps"])
            if "score_log" in state:
                self.scores.load_state(state["score_log"])
            self.start = start

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Name the last good checkpoint where something is not finite in an iteration, or environment or process fails.

        Raises:
            TrainingError: in place of `NonFiniteError`, `EnvironmentFailedError` and `WorkerFailedError`.
            FileError: in place of any other error in the first iteration after a checkpoint, for what loads need not
                fit.
        """
        try:
            with self.fitting():
                yield
        except (NonFiniteError, EnvironmentFailedError, WorkerFailedError) as error:
            raise TrainingError(f"at env step {self.env_steps:,}, {error}{self._left}") from error
        self.untried = None

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Name the checkpoint that the run goes on from, until its content has proved to fit.

        Raises:
            FileError: in place of any other error.
        """
        try:
            yield
        except (ConfigError, FileError, TrainingError, NonFiniteError, EnvironmentFailedError, WorkerFailedError):
            raise
        except (LookupError, TypeError, ValueError, RuntimeError, AttributeError, ArithmeticError) as error:
            if self.untried is None:
                raise
            raise FileError(f"{self.untried} does not fit this configuration or package: {error}") from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Name the last good checkpoint where the run's folder cannot be written.

        Raises:
            TrainingError: in place of `OSError`.
        """
        try:
            yield
        except OSError as error:
            where = f"the run's folder {self.folder} cannot be written at env step {self.env_steps:,} ({error})"
            raise TrainingError(where + self._left) from error

    @property
    def _left(self) -> str:
        latest = self.checkpoints.latest
        return "; no checkpoint was written yet" if latest is None else f"; the last good checkpoint is {latest}"


def build_run(config: RunConfig[Any], folder: Path, resume: bool = False) -> Run:
    """Build the parts of a run. Nothing is written yet, but damaged checkpoints are set aside at a resume.

    A run that was stopped and resumed ends with the same weights, bit for bit, as one that was not, on the same
    machine with the same number of threads. Episodes of an environment that cannot store its state begin anew at a
    resume. A checkpoint that is damaged is set aside, with a note, and the run goes on from the one before.

    Args:
        config: settings.
        folder: of the run.
        resume: go on from the latest whole checkpoint in ``folder``.

    Raises:
        ConfigError: if the configuration cannot be used, or ``folder`` is not empty.
        FileError: if the checkpoint or the initial policy cannot be used.
    """
    check_threads(config.threads)
    checkpoints = Checkpoints(folder / "checkpoints", config.keep_checkpoints)
    start = _last_checkpoint(config, folder, checkpoints) if resume else None
    if start is None:
        _check_fresh(folder)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    give_back_large_blocks()
    device, task = resolve_device(config.device), config.task
    parts = build_parts(config, task, device, folder, fresh=start is None)
    run = Run(config, folder, device, task, checkpoints=checkpoints, **vars(parts))
    if start is not None:
        run.load(start)
        former = run_values(folder)
        for note in (*_changes(former, config), *schedule_notes(config, former, run.env_steps)):
            warnings.warn(note, Note, stacklevel=2)
    return run


def _last_checkpoint(config: RunConfig[Any], folder: Path, checkpoints: Checkpoints) -> Checkpoint:
    check_resumable(run_values(folder), config)
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"the run's folder {folder} cannot be written; copy it to another place to go on with it")
    for place in (folder / "policy", folder / BEST_POLICY):
        if place.exists() and not place.is_dir():
            raise FileError(f"{place} is no folder; move it, so that the policy can be written there")
    for path in (folder / name for name in WRITTEN):
        if path.exists():
            check_file(path)
    latest, wrong = newest(checkpoints.folder)
    if latest is None:
        why = "".join(f"; {reason}" for reason in wrong.values())
        raise FileError(f"{folder} has no whole checkpoint to go on from{why}; train anew in another folder")
    for name, reason in wrong.items():
        aside = checkpoints.set_aside(name)
        told = f"{reason}; it is now {aside.name}, and the run goes on from {latest.folder.name}"
        warnings.warn(told, Note, stacklevel=2)
    return latest


def _changes(former: Mapping[str, Any], config: RunConfig[Any]) -> list[str]:
    """Sentence on settings that change as a run goes on; its length is no news. Empty if there are none."""
    fields = [name for name in type(config).model_fields if name != "total_env_steps"]
    told = ", ".join(f"{name} {was!r} -> {now!r}" for name, was, now in differences(former, config, fields))
    return [f"this run goes on with other settings: {told}"] if told else []


def _check_fresh(folder: Path) -> None:
    if (folder / "config.yaml").is_file() and Checkpoints(folder / "checkpoints").latest is None:
        raise ConfigError(
            f"the run's folder {folder} holds a run that has saved no checkpoint; remove it, or name another "
            f"with {argument('out')}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "exists and is not empty" if folder.is_dir() else "is a file"
        raise ConfigError(
            f"the run's folder {folder} {what}; name another with {argument('out')}, or go on with a run: "
            f"{argument('resume', 'RUN', 'True')}"
        )
