from __future__ import annotations

from typing import Any

import pytest

from marl.envs.simple_tag.config import CommunicationConfig, SimpleTagConfig
from marl.envs.simple_tag.making import graph_of, opponents_of, spaces_of, views_of
from marl.envs.simple_tag.pettingzoo import wrapped_simple_tag
from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY

PREY_LEARN = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators"]}}


def test_no_communication_is_no_graph() -> None:
    assert graph_of(None) is None
    graph = graph_of(CommunicationConfig(range=0.5, nearest=2, link_loss=0.1))
    assert graph is not None
    assert (graph.range, graph.nearest, graph.losses) == (0.5, 2, (0.1, 0.1))


@pytest.mark.parametrize("name", PREY)
def test_scripted_prey_by_name(name: str) -> None:
    assert opponents_of(SimpleTagConfig(prey=name), 4) is PREY[name]


@pytest.mark.parametrize("name", PREDATORS)
def test_scripted_predators_by_name(name: str) -> None:
    assert opponents_of(SimpleTagConfig.model_validate({**PREY_LEARN, "predators": name}), 1) is PREDATORS[name]


def test_views_have_the_frame_of_the_settings() -> None:
    assert views_of(SimpleTagConfig(frame="absolute"), {"A": 1})["predators"].frame == "absolute"


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"team": {"B": 1, "A": 2}}, {"adjacency", "kinematics"}),
        ({"continuous_actions": True, "num_prey": 2}, {"adjacency", "kinematics"}),
        ({"communication": None, "team": {"B": 3}, "classes": {"A": ["landmarks"], "B": ["prey", "teammates"]}}, set()),
    ],
)
def test_spaces_are_those_of_mpe2_with_the_wrappers(settings: dict[str, Any], fields: set[str]) -> None:
    config = SimpleTagConfig.model_validate(settings)
    env, spaces = wrapped_simple_tag(config), spaces_of(config)
    assert list(spaces) == env.possible_agents
    assert {agent: each.agent_class for agent, each in spaces.items()} == env.class_of
    for agent, each in spaces.items():
        assert (each.action, each.observation) == (env.action_space(agent), env.observation_space(agent)["observation"])
        assert set(each.fields) == fields == {"adjacency", "kinematics"} & set(env.observation_space(agent).spaces)


def test_prey_that_learn_are_mpe2s_agents() -> None:
    config = SimpleTagConfig.model_validate({**PREY_LEARN, "team": {"P": 2}})
    assert list(spaces_of(config)) == ["agent_0", "agent_1"]
