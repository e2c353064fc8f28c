from __future__ import annotations

from types import SimpleNamespace

import pytest

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.tasks.compatibility import check_settings


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
