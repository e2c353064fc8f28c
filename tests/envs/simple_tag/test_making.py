from __future__ import annotations

import pytest

from marl.envs.simple_tag.config import CommunicationConfig, SimpleTagConfig
from marl.envs.simple_tag.making import graph_of, opponents_of, views_of
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
    assert views_of(SimpleTagConfig(frame="absolute"), {"A": 1}).frame == "absolute"
