from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from meeting import task
from meeting_config import CommunicationConfig, MeetingConfig

from marl.core.entry_points import MissingModuleError
from marl.core.errors import ConfigError
from marl.core.trust import trusting
from marl.tasks.environment_config import environment_config, find_spaces, make_environment, shows_pictures


def test_settings_are_read_by_their_task_and_some_replaced() -> None:
    settings = {"name": "meeting", "max_cycles": 9, "communication": {"range": 2.0}}
    overrides = {"team": "A=3,B=1", "communication__link_loss": 0.5}
    found, config = environment_config(settings, overrides)
    assert found is task
    heard = CommunicationConfig(range=2.0, link_loss=0.5)
    assert config == MeetingConfig(team={"A": 3, "B": 1}, max_cycles=9, communication=heard)
    assert settings["communication"] == {"range": 2.0}


@pytest.mark.parametrize(
    ("settings", "overrides", "message"),
    [
        ({}, {}, "name is None; name a task, e.g. {'name': 'simple_tag'}"),
        ({"name": 3}, {}, "name is 3; name a task"),
        ({"name": "Acrobot-v1"}, {"team": "2+2"}, "team is '2\\+2': Acrobot-v1 has no team to choose; leave it out"),
        ({"name": "meeting"}, {"max_cycle": 1}, "no such field; did you mean max_cycles\\? meeting has classes, "),
        ({"name": "meeting"}, {"bogus": 1}, "bogus is 1: there is no such field; meeting has classes, communication, "),
        ({"name": "meeting"}, {"max_cycles": 0}, "max_cycles is 0: .* greater than or equal to 1"),
        ({"name": "meeting"}, {"communication__link_loss": 2}, r"communication\.link_loss is 2: "),
        ({"name": "meeting"}, {"team": "A=1,Z=1"}, "class 'Z', which is not declared"),
        ({"name": "meeting"}, {"team": "nonsense"}, "'nonsense' is not NAME=COUNT"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    settings: dict[str, Any], overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        environment_config(settings, overrides)


def test_a_missing_module_when_the_environment_is_made_is_named() -> None:
    def make(*arguments: Any, **settings: Any) -> None:
        raise ModuleNotFoundError("No module named 'mpe2'", name="mpe2")

    with pytest.raises(MissingModuleError, match=r"'meeting' needs the module 'mpe2', which is not installed"):
        make_environment(SimpleNamespace(make=make), MeetingConfig(), 1)  # type: ignore[arg-type]


def test_what_the_environment_refuses_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="env: num_copies is 0"):
        make_environment(task, MeetingConfig(), 0)
    environment = make_environment(task, MeetingConfig(team={"A": 3}), 5)
    assert environment.num_copies == 5
    assert environment.roster.team == {"A": 3, "B": 0}


def test_spaces_are_found_by_settings() -> None:
    found = find_spaces({"name": "meeting", "team": "A=1,B=2"})
    assert [found[f"walker_{i}"].agent_class for i in range(3)] == ["A", "B", "B"]  # type: ignore[index]
    with pytest.raises(ConfigError, match=r"env: Gymnasium cannot make CartPole-v1 with {'bogus': 1}"):
        find_spaces({"name": "CartPole-v1", "arguments": {"bogus": 1}})


@pytest.mark.parametrize(
    ("name", "arguments", "shows"),
    [
        ("habits:Colour-v0", {"size": 36}, True),
        ("habits:Colour-v0", {"size": 35}, False),
        ("habits:Walk-v0", {}, False),
        ("leaving_pettingzoo:painted", {}, False),
        ("crowd_pettingzoo:crowd", {"agents": 1093}, True),  # each sees 60 numbers
        ("crowd_pettingzoo:crowd", {"agents": 1092}, False),
        ("habits:Colour-v0", {"bogus": 1}, False),  # it cannot be made
    ],
)
def test_pictures_are_told_from_boards_and_numbers(name: str, arguments: dict[str, Any], shows: bool) -> None:
    with trusting(["habits", "leaving_pettingzoo", "crowd_pettingzoo"]):
        assert shows_pictures({"name": name, "arguments": arguments}) == shows
