"""Sources of experience: what the training loop collects from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from marl.core.environment import State
from marl.policies.policy import Policy

__all__ = ["Collected", "Episodes", "Source"]


@dataclass
class Episodes:
    """Measurements of the episodes that ended, in the order in which they ended.

    Args:
        metrics: for each metric one number an episode; a class that did not play in one has none of it.
        scores: return of each episode, mean over the agents that took part.
        ended_at: env steps of all copies, since collecting began, when each episode ended.
    """

    metrics: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    scores: list[float] = field(default_factory=list)
    ended_at: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.metrics["episode/length"])

    def means(self) -> dict[str, float]:
        """The mean of each metric over the episodes."""
        return {name: sum(values) / len(values) for name, values in self.metrics.items() if values}


@dataclass(frozen=True)
class Collected:
    """Experience of one iteration.

    Args:
        batch: as the learner takes it, e.g. a `Rollout`.
        episodes: those that ended in it.
        metrics: of the source itself, such as the stage of a curriculum.
        env_steps: done for it.
        seconds: that it took, by part.
    """

    batch: Any
    episodes: Episodes
    metrics: Mapping[str, float]
    env_steps: int
    seconds: Mapping[str, float]


class Source(Protocol):
    """Plays a policy, in an environment or in games, and hands on what a learner trains on."""

    def collect(self, policy: Policy) -> Collected:
        """Play for one iteration."""
        ...

    def state(self) -> State:
        """Everything that is needed to go on from here."""
        ...

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave."""
        ...

    def close(self) -> None:
        """Free what it plays in."""
        ...
