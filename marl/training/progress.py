"""Records of a training: its progress and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from marl.core.result import html_table
from marl.policies.policy import Policy

__all__ = ["Progress", "TrainingResult"]


@dataclass(frozen=True)
class Progress:
    """Progress of a training; its fields are plain values, for watchers in other processes, to which it goes as JSON.

    Args:
        env_steps: env steps done so far.
        total_env_steps: env steps of the whole training.
        env_steps_per_second: speed since the loop began.
        metrics: latest logged metrics.
        solved: when the task was solved, in words; None if it is not.
        finished: True in the last report: nothing is left to be done.
        events: names of the metrics that count events, before the slash.
        stale: True if no episode has ended since those of which the latest metrics are.
    """

    env_steps: int
    total_env_steps: int
    env_steps_per_second: float
    metrics: dict[str, float]
    solved: str | None = None
    finished: bool = False
    events: list[str] = field(default_factory=list)
    stale: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training.

    Args:
        folder: folder of the run.
        env_steps: env steps done in all.
        finished: False if it was stopped before the end, or in the evaluation that ends it.
        metrics: latest logged metrics.
        policy: trained policy, in evaluation mode.
        stopped_by: number of the signal that stopped it; None if a callback did, or nothing.
    """

    folder: Path
    env_steps: int
    finished: bool
    metrics: dict[str, float] = field(repr=False)
    policy: Policy = field(repr=False)
    stopped_by: int | None = None

    def _repr_html_(self) -> str:
        shown = {"run": self.folder, "env steps": f"{self.env_steps:,}", "finished": self.finished}
        scores = ((name, value) for name, value in self.metrics.items() if name.startswith(("return/", "evaluation/")))
        return html_table(("", ""), [*shown.items(), *scores])
