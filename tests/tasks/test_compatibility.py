from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.roster import ActionSpec, AgentClass, ImageSpec, Roster
from marl.tasks.compatibility import check_class, check_settings


class Settings(Config):
    name: str = "walk"
    frame: str = "relative"
    length: int = 5


TASK = SimpleNamespace(changeable=frozenset({"length"}))


def test_settings_that_change_what_features_mean_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^frame is 'absolute', but the policy was trained with 'relative'$"):
        check_settings({"frame": "relative"}, TASK, Settings(frame="absolute"))  # type: ignore[arg-type]


def test_settings_that_may_change_and_those_that_are_not_known_pass() -> None:
    check_settings({"frame": "relative", "length": 9}, TASK, Settings())  # type: ignore[arg-type]
    check_settings({}, TASK, Settings(frame="absolute"))  # type: ignore[arg-type]


def test_settings_within_others_are_told_apart() -> None:
    task: Any = SimpleNamespace(changeable=frozenset({"links.range"}))
    trained = {"links": {"range": 1.0, "positions": [2, 3]}}

    class Linked(Config):
        links: dict[str, Any] | None

    check_settings(trained, task, Linked(links={"range": None, "positions": [2, 3]}))
    with pytest.raises(ConfigError, match=r"^links.positions is \[0, 1\], but the policy was trained with \[2, 3\]$"):
        check_settings(trained, task, Linked(links={"range": 2.0, "positions": [0, 1]}))
    with pytest.raises(ConfigError, match=r"^links is None, but the policy was trained with"):
        check_settings(trained, task, Linked(links=None))


def test_another_image_is_refused() -> None:
    def agent(**image: Any) -> AgentClass:
        return AgentClass("A", 0, ActionSpec("discrete", 2), **image)

    trained = Roster((agent(images=(ImageSpec((3, 8, 9)),)),), (1,))
    check_class(agent(images=(ImageSpec((3, 8, 9)),)), trained)
    message = r"with 0 features and an image of 8 x 9 with 3 channels of uint8 and 2 .*, and here has 0"
    with pytest.raises(ConfigError, match=message + " and 2 discrete"):
        check_class(agent(), trained)
    with pytest.raises(ConfigError, match=message + " and an image of 8 x 9 with 3 channels of int8 and 2"):
        check_class(agent(images=(ImageSpec((3, 8, 9), "int8"),)), trained)


def test_settings_by_class_count_for_the_classes_that_are_played() -> None:
    trained = {"sights": {"A": ["wall"], "B": ["door"]}}

    class Sighted(Config):
        sights: dict[str, list[str]]

    here: Any = Sighted(sights={"A": ["wall"], "P": ["door"]})
    check_settings(trained, TASK, here, ["A"])  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=r"^sights is \{'A': \['wall'\], 'P': \['door'\]\}, but the policy was trained"
    ):
        check_settings(trained, TASK, here, ["A", "P"])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^sights\.A is \['wall'\], but the policy was trained with \['door'\]$"):
        check_settings({"sights": {"A": ["door"]}}, TASK, here, ["A"])  # type: ignore[arg-type]
