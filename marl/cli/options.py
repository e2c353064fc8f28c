"""What ``marl evaluate`` and ``marl render`` have in common: who plays, and what is played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from marl.core.errors import ConfigError

if TYPE_CHECKING:
    from marl.core.environment import Environment
    from marl.evaluation.episodes import EpisodePlayer

__all__ = ["Played", "Reference", "Run", "check_player", "player_of"]

REFERENCE_TASK = "simple_tag"
"""What a reference plays when neither a run nor the command says what."""


Run = Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[RUN]", help_behavior_hint="")]
"""The folder of a run as the first argument."""

Reference = Annotated[str | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="(default: the run's own)")]
"""The name of a policy that is not learnt."""


def _as_trained(metavar: str) -> Any:
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="(default: as trained)")


@dataclass
class Played:
    """What is played; what is not named is as the run was trained."""

    task: Annotated[str | None, tyro.conf.arg(metavar="NAME", help_behavior_hint=f"(default: {REFERENCE_TASK})")] = None
    """What a reference plays without a run, e.g. CartPole-v1."""
    team: Annotated[str | None, _as_trained("A=N,B=N")] = None
    """Composition of simple_tag, e.g. A=3,B=1."""
    prey: Annotated[str | None, _as_trained("NAME")] = None
    """Prey of simple_tag: random, still, flee, held_out_prey, or the folder of a run that trained prey."""
    backend: Annotated[Literal["batched", "pettingzoo"] | None, _as_trained("{batched,pettingzoo}")] = None
    """Of simple_tag: the simulator on tensors, or mpe2 through PettingZoo wrappers and SuperSuit."""
    max_cycles: Annotated[int | None, _as_trained("N")] = None
    """Steps of an episode of simple_tag."""

    @property
    def overrides(self) -> dict[str, Any]:
        """The settings that were named."""
        return {name: value for name, value in vars(self).items() if value is not None and name != "task"}

    @property
    def reference_task(self) -> dict[str, Any]:
        """Settings of what a reference plays without a run."""
        return {"name": self.task or REFERENCE_TASK}


def check_player(run: Path | None, policy: str | None, task: str | None, command: str) -> None:
    """Refuses to play without a player, or a run in another task.

    Raises:
        ConfigError: if neither a run nor a reference is named, or both a run and a task.
    """
    if run is not None and task is not None:
        raise ConfigError(f"--task is {task}, but {run} plays what it was trained on; leave --task or the run out")
    if run is None and policy is None:
        raise ConfigError(
            f"nobody plays; name a run's folder or a reference: marl {command} RUN, or marl {command} --policy chase"
        )


def player_of(run: Path | None, policy: str | None, played: Played) -> tuple[Environment, EpisodePlayer]:
    """One copy of the environment, and the policy that plays in it.

    Raises:
        ConfigError: if a setting will not do, or the policy cannot play this team.
        FileError: if the run cannot be used.
    """
    from marl.evaluation.access import check_fit, make, reference
    from marl.policies.saved import load_policy
    from marl.tasks.registry import find_policy

    saved = None if run is None else load_policy(find_policy(run))
    environment = make(played.reference_task if saved is None else saved.environment, 1, **played.overrides)
    if policy is not None:
        return environment, reference(policy, environment)
    assert saved is not None
    check_fit(saved.policy, environment)
    return environment, saved.policy
