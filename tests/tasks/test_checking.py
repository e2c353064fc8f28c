"""Facts of a check beside environments whose course is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from leaving_pettingzoo import Leaving, Painted

from marl.core.trust import trusting
from marl.tasks.checking import Check, check_environment, constant_classes
from marl.tasks.environment_config import environment_config
from marl.tasks.pettingzoo.environment import PettingZooEnvironment


def check(name: str, episodes: int = 2, **arguments: Any) -> Check:
    with trusting("leaving_pettingzoo"):
        task, config = environment_config({"name": name, "arguments": arguments}, {})
        return check_environment(task, config, episodes, max_steps=50)


def test_it_tells_who_left_who_joined_and_how_episodes_end() -> None:
    found = check("leaving_pettingzoo:leaving", dies={"x": 2, "z": 6}, cut={"y": 6}, joins={"z": 3}, masks=True)
    assert (found.moves, found.masks) == ("all at once", 'infos[agent]["action_mask"]')
    assert found.lengths == [6, 6] and found.ends == ["terminated and truncated"] * 2
    assert found.left == [{"x": 2}] * 2 and found.joined == [{"z": 3}] * 2
    # x lives 2 steps, y 6, z 3; each gets 1 a step
    assert found.returns == pytest.approx({"x": 2, "y": 6, "z": 3})
    assert found.shared_reward and found.repeats and not found.seeds_differ
    assert found.warnings == []
    assert found.pictures == "this environment cannot be drawn: it has no render mode rgb_array, and no scene was given"


def test_classes_are_told_with_their_spaces() -> None:
    found = check("mpe2.simple_speaker_listener_v4", 1)
    assert found.classes["speaker"] == {
        "agents": ["speaker_0"],
        "observes": "Box(-inf, inf, (3,), float32)",
        "features": 3,
        "acts": "Discrete(3)",
    }
    assert (found.moves, found.masks, found.lengths, found.ends) == ("all at once", None, [25], ["truncated"])
    assert (found.shared_reward, found.state, found.seeds_differ) == (True, "shape [14]", True)
    assert found.pictures == "700 x 700 pixels"


def test_turns_are_told() -> None:
    found = check("leaving_pettingzoo:Turns", 1)
    assert (found.moves, found.lengths, found.ends) == ("in turns", [4], ["terminated"])
    assert not found.shared_reward and found.masks is None
    assert found.state == "none"
    assert check("leaving_pettingzoo:Turns", 1, masks=True).masks == 'observation["action_mask"]'


class Dull(Leaving):
    """Agents that see zeros, and whose episodes know the number of resets."""

    resets = 0

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.resets += 1
        return super().reset(seed, options)

    def _told(self, agents: Any) -> Any:
        seen, infos = super()._told(agents)
        return {name: np.array([self.resets - 1, 0], np.float32) for name in seen}, infos

    def state(self) -> Any:
        raise TypeError("'dict' object is not callable")


def test_what_would_be_learnt_in_vain_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaving_pettingzoo.leaving", lambda: Dull(dies=dict.fromkeys("xyz", 3)))
    found = check("leaving_pettingzoo:leaving", 1)
    assert found.repeats
    assert "a reset leaves something of the episode before" in " ".join(found.warnings)
    assert "state() fails: TypeError: 'dict' object is not callable" in found.warnings
    assert sum("saw the same at each of its steps" in text for text in found.warnings) == 3


def test_constant_classes_are_those_where_nobody_sees_another_thing() -> None:
    env = PettingZooEnvironment(lambda: Leaving(dies={"x": 9}), 2, {"x": "one", "y": "two", "z": "two"}, ("one", "two"))
    first = env.reset(0)
    assert constant_classes([(first, first.alive)], env.roster) == ["one"]  # twice [0, 0]; y and z differ
    step = env.step({"one": torch.zeros(2, 1, dtype=torch.long), "two": torch.zeros(2, 2, dtype=torch.long)})
    seen = [(first, first.alive), (step.observation, step.observation.alive)]
    assert constant_classes(seen, env.roster) == []
    assert constant_classes(seen[:1], env.roster, least=3) == []
    nobody = torch.zeros_like(first.alive)
    assert constant_classes([(first, nobody)], env.roster) == []


def test_images_are_looked_at_too() -> None:
    env = PettingZooEnvironment(Painted, 1, lambda name: "A", ("A",))
    first = env.reset(0)
    later = env.step({"A": torch.zeros(1, 3, dtype=torch.long)}).observation
    alone = torch.tensor([[True, False, False]])  # the others' images differ
    assert constant_classes([(first, alone), (first, alone)], env.roster) == ["A"]
    assert constant_classes([(first, alone), (later, alone)], env.roster) == []
    told = check("leaving_pettingzoo:painted", 1).classes["x"]
    assert (told["features"], told["images"]) == (0, [[2, 4, 5]])
