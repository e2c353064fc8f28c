"""Policies and environments, by the name of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from marl.core.config import Config
from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError
from marl.core.roster import Roster
from marl.core.task import Task
from marl.core.trust import trusting
from marl.policies.interface import Interface
from marl.policies.policy import Policy
from marl.policies.saved import load_policy, policy_kind
from marl.policies.scripted import Scripted, random_actor
from marl.policies.sides import player_of
from marl.tasks.compatibility import check_class, check_settings
from marl.tasks.environment_config import environment_config, make_environment
from marl.tasks.registry import find_policy

__all__ = ["check_fit", "load", "load_opponent", "make", "plays_game", "reference"]


def load(run: str | Path, trust: str | Iterable[str] = (), **overrides: Any) -> Policy:
    """Load the policy of a run; `Policy.predict` plays it in a loop of one's own.

    Args:
        run: the run's folder, its ``policy/``, or the name of a policy that comes with the package.
        trust: modules that `Policy.predict` may import where the run names them; those imported already may.
        overrides: fields of the environment's settings in which it is to predict, e.g. ``team="A=3,B=1"``.

    Raises:
        ConfigError: if a setting cannot be used.
        FileError: if there is no policy, or it cannot be used.
    """
    saved = load_policy(find_policy(run))
    settings = saved.environment
    if overrides:
        task, config = environment_config(settings, overrides)
        check_settings(settings, task, config)
        settings = config.model_dump(mode="json")
    saved.policy.interface = Interface(settings, trust)
    return saved.policy


def plays_game(run: str | Path) -> bool:
    """True if the policy of a run is the network of a game.

    Raises:
        FileError: if there is none, or it cannot be used.
    """
    return policy_kind(find_policy(run)) == "game"


def make(
    run: str | Path | Mapping[str, Any],
    num_copies: int = 1,
    device: torch.device | str = "cpu",
    trust: str | Iterable[str] = (),
    **overrides: Any,
) -> TaskEnvironment:
    """Make the environment that a run was trained in, with some settings changed if wished.

    Args:
        run: as for `load`, or settings as a preset's ``env``, e.g. ``{"name": "simple_tag"}``.
        num_copies: ``B``.
        device: device of the tensors.
        trust: modules that may be imported where the run names them; those imported already may.
        overrides: fields of the environment's settings, e.g. ``team="A=3,B=1", prey="flee"``.

    Raises:
        ConfigError: if a setting cannot be used.
        FileError: if the run cannot be used.
        UntrustedError: if the run names a module that is not trusted.
    """
    settings = run if isinstance(run, Mapping) else load_policy(find_policy(run)).environment
    task, config = environment_config(settings, overrides)
    with trusting(trust, typed=run.get("name") if isinstance(run, Mapping) else None):
        return make_environment(task, config, num_copies, device=device)


def reference(name: str, environment: TaskEnvironment) -> Scripted:
    """Make a reference policy by name.

    Args:
        name: ``random``, or a scripted policy of the environment, e.g. ``chase``.
        environment: environment of the team that it plays.

    Raises:
        ConfigError: if the environment has no policy of that name.
    """
    actors = {"random": random_actor(environment.roster), **environment.scripted()}
    if name not in actors:
        raise ConfigError(f"policy is {name!r}; this environment has {', '.join(actors)}")
    return Scripted(actors[name])


def load_opponent(name: str | Path, classes: Collection[str], task: Task, config: Config, roster: Roster) -> Policy:
    """Load what plays some classes in a run, to play them elsewhere.

    Args:
        name: as for `load`.
        classes: the classes.
        task: kind of the environment in which it is to play.
        config: its settings.
        roster: its agents.

    Returns:
        The policy of the side that has just these classes there, or the whole.

    Raises:
        ConfigError: if features had another meaning in its training, or a class other observations or actions.
        FileError: if there is no policy, or it cannot be used.
    """
    saved = load_policy(find_policy(name))
    check_settings(saved.environment, task, config, classes)
    policy = player_of(saved.policy, tuple(classes))
    for agent_class in (c for c in roster.classes if c.name in classes):
        check_class(agent_class, policy.roster)
    return policy


def check_fit(policy: Policy, environment: TaskEnvironment) -> None:
    """Check that an environment has the observations, actions and rules that a policy was trained with.

    Raises:
        ConfigError: see `check_class` and `Policy.meet`.
    """
    for agent_class in environment.roster.present:
        check_class(agent_class, policy.roster)
    policy.meet(environment.scripted())
