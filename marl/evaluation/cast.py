"""Casts: several policies in one environment, each for some of the agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from marl.core.config import Config
from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError, FileError
from marl.core.nearest import did_you_mean
from marl.core.records import Memory, Observation
from marl.core.selection import Selection
from marl.core.task import AgentSpaces, Task
from marl.core.trust import trusting
from marl.evaluation.access import load_opponent, reference
from marl.policies.policy import Act, EpisodePlayer
from marl.policies.rule import rule_of
from marl.policies.scripted import Scripted
from marl.policies.sides import Sides
from marl.policies.together import act_together, memory_together
from marl.tasks.environment_config import environment_config

__all__ = ["Cast", "cast", "groups_of", "opponents_of"]

RANDOM = "random"
Classes = Mapping[str, Sequence[str]]
"""Classes of each side."""


@dataclass(frozen=True)
class Cast:
    """Several players, each for some of the agents. An `EpisodePlayer`.

    Args:
        parts: players, and the agents of each.
    """

    parts: Sequence[tuple[EpisodePlayer, Selection]]

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """Memory of all agents at the beginning of an episode."""
        return memory_together((player for player, _ in self.parts), num_copies, num_agents)

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent; see `Policy.act`."""
        return act_together(self.parts, observation, memory, generator)


def opponents_of(
    settings: Mapping[str, Any], overrides: Mapping[str, Any], play: Mapping[str, str]
) -> tuple[Task, Config, dict[str, str]]:
    """Task and settings of an environment, and players of its agents.

    A side that the environment plays by itself, as simple_tag's prey, is a setting of that name.

    Args:
        settings: as a preset's ``env``.
        overrides: fields that are replaced.
        play: see `cast`.

    Raises:
        ConfigError: if a setting cannot be used.
    """
    task, config = environment_config(settings, {})
    sides = getattr(config, "sides", None) or {}
    fields = task.config_type.model_fields
    inside = {name: player for name, player in play.items() if name in fields and name not in sides}
    task, config = environment_config(settings, {**overrides, **inside})
    return task, config, {name: player for name, player in play.items() if name not in inside}


def groups_of(
    policy: Any, config: Config, environment: TaskEnvironment, sides: Classes | None = None
) -> dict[str, list[int]]:
    """Groups of agents by name, with their places on the agent axis: classes, and sides of several classes.

    Args:
        policy: whoever plays; a run with sides has a `Sides`.
        config: settings of the environment.
        environment: made from them.
        sides: classes of each side; None for those that the policy or the settings name.
    """
    axis = range(environment.roster.size)
    groups = {name: list(axis[agents]) for name, agents in environment.roster.slices.items()}
    named: Classes = sides or getattr(config, "sides", None) or {}
    if sides is None and isinstance(policy, Sides):
        named = {side.name: side.classes for side in policy.config.sides}
    both = {name: [n for kind in classes for n in groups.get(kind, ())] for name, classes in named.items()}
    return groups | {name: sorted(agents) for name, agents in both.items() if agents and name not in groups}


def cast(
    play: Mapping[str, str],
    others: EpisodePlayer,
    task: Task,
    config: Config,
    environment: TaskEnvironment,
    sides: Classes | None = None,
) -> tuple[Cast, dict[str, list[int]]]:
    """Give some of the agents to other players.

    Args:
        play: for sides, classes or agents by name, ``random``, a rule of the environment, ``MODULE:FUNCTION`` for one
            of one's own, or the folder of a run.
        others: player of all other agents.
        task: kind of the environment.
        config: its settings.
        environment: made from them.
        sides: see `groups_of`.

    Returns:
        The cast, and groups of agents whose returns are told apart.

    Raises:
        ConfigError: for a name that nobody has, agents that are given twice, and a run that cannot play them.
    """
    groups = groups_of(others, config, environment, sides)
    names = {} if all(name in groups for name in play) else _agent_names(task, config, environment)
    places = {**{name: [number] for name, number in names.items()}, **groups}
    owner: dict[int, str] = {}
    for key in play:
        if key not in places:
            raise ConfigError(f"play names {key!r}; {did_you_mean(key, places)}there is {', '.join(places)}")
        for number in places[key]:
            if owner.setdefault(number, key) != key:
                raise ConfigError(f"play gives agents to {owner[number]!r} and to {key!r}; give them to one")
    parts: list[tuple[EpisodePlayer, Selection]] = []
    for key, name in play.items():
        selection = _selection(environment, places[key])
        parts.append((_player(f"play {key}={name}", name, selection, task, config, environment), selection))
    rest = [number for number in range(environment.roster.size) if number not in owner]
    if rest:
        parts.append((others, _selection(environment, rest)))
    told = {name: agents for name, agents in groups.items() if _undivided(agents, owner)}
    apart = {name: [n] for name, n in names.items() if not any(n in agents for agents in told.values())}
    return Cast(parts), {**told, **apart}


def _undivided(agents: list[int], owner: Mapping[int, str]) -> bool:
    return len({owner.get(number) for number in agents}) == 1


def _selection(environment: TaskEnvironment, numbers: Sequence[int]) -> Selection:
    sizes = {name: agents.stop - agents.start for name, agents in environment.roster.slices.items()}
    starts = {name: agents.start for name, agents in environment.roster.slices.items()}
    taken = {name: [n - starts[name] for n in numbers if 0 <= n - starts[name] < size] for name, size in sizes.items()}
    return Selection(sizes, taken)


def _agent_names(task: Task, config: Config, environment: TaskEnvironment) -> dict[str, int]:
    """Place on the agent axis of each agent by its name; none where agents have no names."""
    spaces = task.spaces(config)
    if isinstance(spaces, AgentSpaces):
        return {}
    order = [c.name for c in environment.roster.classes]
    names = sorted(spaces, key=lambda name: order.index(spaces[name].agent_class))
    return {str(name): number for number, name in enumerate(names)}


def _player(
    told: str, name: str, agents: Selection, task: Task, config: Config, environment: TaskEnvironment
) -> EpisodePlayer:
    rules = environment.scripted()
    if name == RANDOM:
        return reference(RANDOM, environment)
    try:
        with trusting(typed=name):
            rule = None if Path(name).exists() else rule_of(name, rules)
        if rule is not None:
            return Scripted(rule)
        policy = load_opponent(name, agents.places, task, config, environment.roster)
        policy.meet(rules)
    except (ConfigError, FileError) as error:
        raise ConfigError(f"{told}: {error}") from error
    return policy.to(environment.device)
