"""Sources of experience, which the training loop collects from."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from marl.core.environment import State

__all__ = ["Collected", "Episodes", "Source"]


@dataclass
class Episodes:
    """Measurements of ended episodes, in the order in which they ended.

    Args:
        metrics: for each metric one number an episode; none of a class that did not play in it.
        scores: return of each episode, mean over the agents that took part.
        ended_at: env steps of all copies between the start of collecting and the end of each episode.
        class_scores: where several classes play, return of each episode for each, mean over its agents that took part;
            NaN where none did.
    """

    metrics: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    scores: list[float] = field(default_factory=list)
    ended_at: list[int] = field(default_factory=list)
    class_scores: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __len__(self) -> int:
        return len(self.metrics["episode/length"])

    def means(self) -> dict[str, float]:
        """Mean of each metric over the episodes."""
        return {name: math.fsum(values) / len(values) for name, values in self.metrics.items() if values}


@dataclass(frozen=True)
class Collected:
    """Experience of one iteration.

    Args:
        batch: batch for the learner, e.g. a `Rollout`.
        episodes: episodes that ended in it.
        metrics: metrics of the source itself, such as the stage of a curriculum.
        env_steps: env steps done.
        seconds: time that each part took.
    """

    batch: Any
    episodes: Episodes
    metrics: Mapping[str, float]
    env_steps: int
    seconds: Mapping[str, float]


class Source(Protocol):
    """Source of experience: plays a policy, in an environment or in games, and gives a learner its data."""

    def collect(self, policy: Any, share_done: float, /) -> Collected:
        """Play one iteration of a policy of the kind that it takes.

        Args:
            policy: plays.
            share_done: share of training done, for the schedules of the source.
        """
        ...

    def state(self) -> State:
        """State from which collecting can go on exactly."""
        ...

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` returned."""
        ...

    def close(self) -> None:
        """Free the environment or the games."""
        ...
