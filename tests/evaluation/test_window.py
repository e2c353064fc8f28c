from __future__ import annotations

from typing import Any

import pytest

from marl.core.errors import ConfigError
from marl.evaluation.evaluate import evaluate
from marl.evaluation.window import in_window
from marl.tasks.environment_config import environment_config

MOUNTAIN = {"name": "MountainCar-v0", "max_episode_steps": 5}


def test_the_window_of_the_environment_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a screen SDL has a driver that shows nothing."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    flips: list[tuple[int, int]] = []
    real = pygame.display.flip
    monkeypatch.setattr("pygame.display.flip", lambda: (flips.append(pygame.display.get_window_size()), real())[1])
    options: dict[str, Any] = {"policy": "random", "settings": MOUNTAIN, "episodes": 2}
    shown = evaluate(**options, render="human")
    assert shown["episode_length"]["mean"] == 5
    assert len(flips) >= 2 * 5
    assert set(flips) == {(600, 400)}
    assert {name: shown[name] for name in shown if name != "env"} == evaluate(**options)


def test_without_a_display_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ConfigError, match=r"render=.human.: there is no display .*; marl render draws an"):
        evaluate(policy="random", settings=MOUNTAIN, episodes=1, render="human")


def test_an_environment_without_a_window_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    _, config = environment_config({"name": "meeting"}, {})
    with pytest.raises(ConfigError, match="render='human': meeting has no window of its own; marl render draws"):
        in_window(config)
