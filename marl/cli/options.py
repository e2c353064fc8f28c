"""Options that several commands share: their types and checks, and the policy and environment that they name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from marl.core.errors import ConfigError
from marl.core.trust import trusting

if TYPE_CHECKING:
    from marl.core.environment import TaskEnvironment
    from marl.evaluation.episodes import EpisodePlayer

__all__ = [
    "Deterministic",
    "EnvironmentOptions",
    "Jobs",
    "JsonFile",
    "Messages",
    "ReferenceName",
    "RunFolder",
    "TrustedModules",
    "check_file",
    "check_least",
    "check_player",
    "check_seed",
    "player_of",
    "shown",
]

REFERENCE_TASK = "simple_tag"
"""Task of a reference when neither a run nor the command names one."""


def shown(metavar: str, default: str = "") -> Any:
    """Placeholder of an option's value and its default, as ``--help`` shows them."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=default)


RunFolder = Annotated[Path | None, tyro.conf.Positional, shown("[RUN]")]
"""Folder of a run as the first argument."""

ReferenceName = Annotated[str | None, shown("NAME", "(default: the run's own)")]
"""Name of a policy that is not learnt."""

JsonFile = Annotated[Path | None, shown("FILE")]
"""File for the result."""

Jobs = Annotated[int | None, shown("N", "(default: as many as there are processors)")]
"""Number of processes."""

TrustedModules = Annotated[tuple[str, ...], tyro.conf.UseAppendAction, shown("MODULE")]
"""Modules that may be imported where a run names them."""

Messages = Literal["on", "off"]
Deterministic = Annotated[bool, tyro.conf.FlagCreatePairsOff]


def _as_trained(metavar: str) -> Any:
    return shown(metavar, "(default: as trained)")


@dataclass
class EnvironmentOptions:
    """Settings of the environment that are changed; all others are as the run was trained."""

    task: Annotated[str | None, shown("NAME", f"(default: {REFERENCE_TASK})")] = None
    """Task that a reference plays without a run, e.g. CartPole-v1."""
    team: Annotated[str | None, _as_trained("A=N,B=N")] = None
    """Composition of simple_tag, e.g. A=3,B=1."""
    prey: Annotated[str | None, _as_trained("NAME")] = None
    """Prey of simple_tag: random, still, flee, held_out_prey, or the folder of a run that trained prey."""
    backend: Annotated[Literal["batched", "pettingzoo"] | None, _as_trained("{batched,pettingzoo}")] = None
    """Backend of simple_tag: the simulator on tensors, or mpe2 through PettingZoo wrappers and SuperSuit."""
    max_cycles: Annotated[int | None, _as_trained("N")] = None
    """Steps of an episode of simple_tag."""
    trust: TrustedModules = ()
    """Import this module where the run names it; may be given several times."""

    @property
    def overrides(self) -> dict[str, Any]:
        """Settings that were given."""
        no_settings = ("task", "trust")
        return {name: value for name, value in vars(self).items() if value is not None and name not in no_settings}

    @property
    def reference_task(self) -> dict[str, Any]:
        """Environment settings of a reference without a run."""
        return {"name": self.task or REFERENCE_TASK}


def check_least(name: str, value: int | None, least: int = 1) -> None:
    """Check that a number is at least ``least``.

    Raises:
        ConfigError: naming the option.
    """
    if value is not None and value < least:
        raise ConfigError(f"--{name} is {value}; give at least {least}")


def check_seed(seed: int) -> None:
    """Check that a seed is not negative.

    Raises:
        ConfigError: naming the seed.
    """
    if seed < 0:
        raise ConfigError(f"--seed is {seed}; give 0 or more")


def check_file(name: str, path: Path | None) -> None:
    """Check that a file can be written to a place, before any work is done.

    Raises:
        ConfigError: naming the option.
    """
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise ConfigError(f"--{name} {path}: name a file in a folder that exists")


def check_player(run: Path | None, policy: str | None, task: str | None, command: str) -> None:
    """Check that a run or a reference is named, and no other task for a run.

    Raises:
        ConfigError: if neither a run nor a reference is named, or both a run and a task.
    """
    if run is not None and task is not None:
        raise ConfigError(f"--task is {task}, but {run} plays what it was trained on; leave --task or the run out")
    if run is None and policy is None:
        raise ConfigError(
            f"nobody plays; name a run's folder or a reference: marl {command} RUN, or marl {command} --policy chase"
        )


def player_of(
    run: Path | None, policy: str | None, options: EnvironmentOptions
) -> tuple[TaskEnvironment, EpisodePlayer]:
    """Make one copy of the environment, and the policy that plays in it.

    Raises:
        ConfigError: if a setting cannot be used, or the policy cannot play this team.
        FileError: if the run cannot be used.
    """
    from marl.evaluation.access import check_fit, reference
    from marl.policies.saved import load_policy
    from marl.tasks.environment_config import environment_config, make_environment
    from marl.tasks.registry import find_policy

    saved = None if run is None else load_policy(find_policy(run))
    settings = options.reference_task if saved is None else saved.environment
    task, config = environment_config(settings, options.overrides)
    with trusting(options.trust, typed=options.task):
        environment = make_environment(task, config, 1)
    if policy is not None:
        return environment, reference(policy, environment)
    assert saved is not None
    check_fit(saved.policy, environment)
    return environment, saved.policy
