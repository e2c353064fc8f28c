"""Copies of Gymnasium environments, whatever their constructors take."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium
import pytest
import torch
from habits import NoMode, Table

from marl.core.errors import UndrawableError
from marl.tasks.environment_config import environment_config, find_spaces, make_environment
from marl.tasks.gymnasium import FRAMES_PER_SECOND, GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", ["NoMode", "ModesNone"])
def test_what_takes_or_names_no_render_mode_is_made_without_one(name: str, processes: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium's own
        environment = GymnasiumEnvironment(f"habits:{name}-v0", 2, processes=processes)
    environment.reset(0)
    assert environment.step({CLASS: torch.ones(2, 1, dtype=torch.long)}).reward.tolist() == [[0.0], [0.0]]
    assert environment.frames_per_second == FRAMES_PER_SECOND
    with pytest.raises(UndrawableError):
        environment.scene()
    environment.close()


def test_the_first_copy_is_the_one_that_was_looked_at() -> None:
    Table.made = 0
    environment = GymnasiumEnvironment("habits:Table-v0", 3)
    assert Table.made == 3
    environment.close()


def test_one_that_is_made_to_be_looked_at_is_closed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []

    def close(self: Any) -> None:
        closed.append(self.render_mode)
        if self.render_mode is None:
            raise OSError

    monkeypatch.setattr(NoMode, "close", close)
    monkeypatch.setattr(NoMode, "__init__", lambda self, render_mode=None: setattr(self, "render_mode", render_mode))
    environment = GymnasiumEnvironment("habits:NoMode-v0", 2)
    assert closed == [None]
    environment.close()
    assert closed == [None, "rgb_array", "rgb_array"]
    assert gymnasium.make("habits:NoMode-v0").metadata["render_fps"] is None


STACK: list[Any] = [{"gymnasium.wrappers.FrameStackObservation": {"stack_size": 3}}]


@pytest.mark.parametrize("processes", [1, 2])
def test_copies_are_wrapped_the_first_wrapper_innermost(processes: int) -> None:
    """The place is told of three moments; what stands before the first is the first once more."""
    environment = GymnasiumEnvironment("habits:Walk-v0", 2, processes=processes, wrappers=STACK)
    seen = environment.reset(0)
    for _ in range(2):
        seen = environment.step({"agent": torch.ones(2, 1, dtype=torch.long)}).observation
    assert seen.features["agent"][1, 0].tolist() == pytest.approx([0.0, 0.2, 0.4])
    environment.close()


def test_a_wrapper_that_does_not_take_the_environment_is_told() -> None:
    with pytest.raises(ValueError, match=r"^env.wrappers: gymnasium.wrappers.FrameStackObservation fails with \{\}"):
        GymnasiumEnvironment("habits:Walk-v0", 1, wrappers=["gymnasium.wrappers.FrameStackObservation"])
    task, config = environment_config({"name": "habits:Walk-v0", "wrappers": STACK}, {})
    assert make_environment(task, config, 1).roster.classes[0].feature_size == 3
    assert find_spaces(config.model_dump()).observation.shape == (3, 1)  # type: ignore[union-attr]
    assert task.describe(config)["wrappers"] == STACK
