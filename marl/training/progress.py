"""What a training tells those who watch it, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from marl.policies.policy import Policy

__all__ = ["Progress", "TrainingResult"]


@dataclass(frozen=True)
class Progress:
    """Where training stands, for whoever watches, in another process too: it goes through JSON as it is.

    Args:
        env_steps: done so far.
        total_env_steps: to be done.
        env_steps_per_second: since the loop began.
        metrics: the latest logged.
        solved: when the task was solved, in words; None if it is not.
        finished: this is the last word: nothing is left to be done.
    """

    env_steps: int
    total_env_steps: int
    env_steps_per_second: float
    metrics: dict[str, float]
    solved: str | None = None
    finished: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """What a training left.

    Args:
        folder: the run's.
        env_steps: done in all.
        finished: False if it was stopped before the end.
        metrics: the latest logged.
        policy: in evaluation mode.
    """

    folder: Path
    env_steps: int
    finished: bool
    metrics: dict[str, float]
    policy: Policy
