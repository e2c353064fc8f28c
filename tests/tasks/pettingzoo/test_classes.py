"""Classes of agents, found and declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from gymnasium import spaces

from marl.tasks.pettingzoo.classes import declared_classes, found_classes


class Named:
    """Agents with names and widths of observations."""

    def __init__(self, **widths: int) -> None:
        self.widths: dict[Any, int] = widths
        self.possible_agents: list[Any] = list(widths)

    def observation_space(self, agent: Any) -> spaces.Space[Any]:
        return spaces.Box(0, 1, (self.widths[agent],))

    def action_space(self, agent: Any) -> spaces.Space[Any]:
        return spaces.Discrete(2)


def named(names: Sequence[Any], *widths: int) -> Named:
    env = Named()
    env.possible_agents = list(names)
    env.widths = dict(zip(names, widths or [1] * len(names), strict=True))
    return env


@pytest.mark.parametrize(
    ("env", "classes"),
    [
        (named(["adversary_0", "adversary_1", "agent_0"]), ["adversary", "adversary", "agent"]),
        (named(["drone0", "drone1", "unit-0"]), ["drone", "drone", "unit"]),
        (named(["walker_0", "walker_1", "walker_2"], 4, 5, 4), ["walker_1", "walker_2", "walker_1"]),
        (named([0, 1]), ["agent", "agent"]),
        (named(["paddle_left", "1st-team_3"]), ["paddle_left", "agent_1st_team"]),
        (named(["red.0", "blue.0"]), ["red", "blue"]),
    ],
    ids=lambda value: str(getattr(value, "possible_agents", "")),
)
def test_classes_are_found_by_name_and_spaces(env: Named, classes: list[str]) -> None:
    assert list(found_classes(env).values()) == classes


def test_names_that_cannot_be_classes_are_refused_with_what_would_do() -> None:
    with pytest.raises(ValueError, match=r"'a-b' and 'a_b' would be of one class 'a_b'; declare env\.members, e\.g\. "):
        found_classes(named(["a-b0", "a_b0"]))
    with pytest.raises(ValueError, match=r"a class is named 'all', which stands for all classes in metrics; declare"):
        found_classes(named(["all_0"]))


AGENTS = ["adversary_0", "adversary_1", "agent_0"]


def test_classes_are_declared_by_patterns() -> None:
    members = {"hunters": ["adversary_*"], "prey": ["agent_0"]}
    assert declared_classes(AGENTS, members) == dict(zip(AGENTS, ["hunters", "hunters", "prey"], strict=True))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"a": ["adversary_*"]},
            "members name no class for agent 'agent_0'; there are adversary_0, adversary_1, agent_0",
        ),
        ({"a": ["*"], "b": ["agent_0"]}, "members put agent 'agent_0' in a and in b; give it one class"),
        ({"a": ["*", "wolf_*"]}, "members.a is 'wolf_\\*', which matches no agent; there are adversary_0"),
        ({"all": ["*"]}, "a class is named 'all'"),
        ({"a/b": ["*"]}, "members has a class 'a/b'; a name is letters, digits and underscores"),
    ],
)
def test_members_that_do_not_fit_are_refused(members: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        declared_classes(AGENTS, members)
