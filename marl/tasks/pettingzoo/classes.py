"""Classes of agents, found from their names and spaces or declared by patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["declared_classes", "found_classes"]

RESERVED = "all"
"""Word for the agents of all classes in metrics."""


def found_classes(env: Any) -> dict[Any, str]:
    """Class of each agent, for agents whose classes are not declared.

    Agents are of one class if their names are the same without the number at the end, and their spaces are equal;
    where spaces differ under one name, classes are numbered: ``walker_1``, ``walker_2``.

    Raises:
        ValueError: for agents whose classes would have one name but are named otherwise, or a class named ``all``.
    """
    groups: dict[str, list[tuple[Any, list[Any]]]] = {}
    prefixes: dict[str, str] = {}
    for agent in env.possible_agents:
        prefix = re.sub(r"[\d\W_]+$", "", str(agent))
        name = _identifier(prefix)
        if prefixes.setdefault(name, prefix) != prefix:
            raise ValueError(
                f"agents named {prefixes[name]!r} and {prefix!r} would be of one class {name!r}; declare env.members, "
                f"e.g. {{one: ['{prefixes[name]}*'], other: ['{prefix}*']}}"
            )
        spaces = env.observation_space(agent), env.action_space(agent)
        known = groups.setdefault(name, [])
        same = next((members for its_spaces, members in known if its_spaces == spaces), None)
        if same is None:
            known.append((spaces, [agent]))
        else:
            same.append(agent)
    classes: dict[Any, str] = {}
    for name, known in groups.items():
        for number, (_, members) in enumerate(known, 1):
            kind = name if len(known) == 1 else f"{name}_{number}"
            _check_name(kind)
            classes |= dict.fromkeys(members, kind)
    return {agent: classes[agent] for agent in env.possible_agents}


def declared_classes(agents: Sequence[Any], members: Mapping[str, Sequence[str]]) -> dict[Any, str]:
    """Class of each agent by patterns of names, as a shell has them.

    Args:
        agents: names of all.
        members: patterns of each class, e.g. ``{"hunters": ["adversary_*"], "prey": ["agent_*"]}``.

    Raises:
        ValueError: for a pattern that matches nobody, an agent in two classes or in none.
    """
    classes: dict[Any, str] = {}
    there = ", ".join(map(str, agents))
    for kind, patterns in members.items():
        _check_name(kind)
        for pattern in patterns:
            matched = [agent for agent in agents if fnmatchcase(str(agent), pattern)]
            if not matched:
                raise ValueError(f"members.{kind} is {pattern!r}, which matches no agent; there are {there}")
            for agent in matched:
                if classes.setdefault(agent, kind) != kind:
                    raise ValueError(
                        f"members put agent {agent!r} in {classes[agent]} and in {kind}; give it one class"
                    )
    absent = [agent for agent in agents if agent not in classes]
    if absent:
        raise ValueError(f"members name no class for agent {absent[0]!r}; there are {there}")
    return {agent: classes[agent] for agent in agents}


def _identifier(prefix: str) -> str:
    name = re.sub(r"\W", "_", prefix) or "agent"
    return name if name.isidentifier() else f"agent_{name}"


def _check_name(kind: str) -> None:
    if kind == RESERVED:
        raise ValueError(f"a class is named {kind!r}, which stands for all classes in metrics; declare env.members")
    if not kind.isidentifier():
        raise ValueError(f"members has a class {kind!r}; a name is letters, digits and underscores")
