"""Environments that draw from `random` and `np.random`, of which each copy has its own."""

from __future__ import annotations

import random
from typing import Any

import habits  # noqa: F401, registers its environments
import numpy as np
import pytest
import torch
from counting_pettingzoo import Counting

from marl.core.seeding import episode_seed
from marl.tasks.generators import LOOKS, Draws, OwnGenerators
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.pettingzoo.environment import PettingZooEnvironment

COPIES = 3


def played(seed: int, processes: int, steps: int = 60) -> list[Any]:
    """What the copies of `habits.Drawn` observe, and where their episodes end."""
    environment = GymnasiumEnvironment("habits:Drawn-v0", COPIES, processes=processes)
    seen = [environment.reset(seed).features[CLASS][:, 0].tolist()]
    for _ in range(steps):
        step = environment.step({CLASS: torch.zeros(COPIES, 1, dtype=torch.long)})
        seen.append([step.observation.features[CLASS][:, 0].tolist(), step.ended.tolist()])
    environment.close()
    return seen


def test_copies_differ_and_repeat_and_are_the_same_in_one_process_and_in_several() -> None:
    once = played(7, 1)
    assert played(7, 1) == once
    assert played(7, 2) == once
    assert played(8, 1) != once
    assert len({tuple(copy) for copy in once[0]}) == COPIES
    assert sum(any(ended) for _, ended in once[1:]) > 2


def test_an_episode_is_the_one_that_seeding_by_hand_gives() -> None:
    """In its reset a walk draws a place, then a normal; in its first step whether it goes left."""
    seen, ((first, *_), _), *_ = played(7, 1, steps=1)
    for copy in range(COPIES):
        numbers, coins = np.random.RandomState(episode_seed(7, copy)), random.Random(episode_seed(7, copy))
        place = int(numbers.randint(-3, 4))
        assert seen[copy] == pytest.approx([place, numbers.normal()], abs=1e-6)
        if copy == 0:
            assert first[0] == place + (1 if coins.randrange(2) else -1)


def test_the_generators_of_who_steps_are_left_alone() -> None:
    random.seed(3)
    np.random.seed(3)
    np.random.normal()  # another is now in reserve
    before = random.getstate(), str(np.random.get_state())
    played(7, 1)
    assert (random.getstate(), str(np.random.get_state())) == before


def test_copies_that_did_not_draw_for_long_are_no_longer_watched_and_the_others_keep_their_own() -> None:
    quiet, drawing = Draws(), Draws()
    one, other = OwnGenerators(quiet), OwnGenerators(drawing)
    one.seed(1)
    other.seed(2)
    for _ in range(LOOKS):
        one(int)
    expected = random.Random(2)
    assert [other(random.random) for _ in range(2 * LOOKS)] == [expected.random() for _ in range(2 * LOOKS)]
    assert (quiet.unlikely, drawing.unlikely) == (True, False)
    random.seed(4)
    assert one(random.random) == random.Random(4).random()


@pytest.mark.parametrize("draw", [random.random, np.random.random, lambda: np.random.random(312)])
def test_a_draw_is_seen(draw: Any) -> None:
    """NumPy draws its words in blocks of 624; 312 numbers take all of one, and leave its place as it was."""
    draws = Draws()
    OwnGenerators(draws)(draw)
    assert draws.seen


class Rolling(Counting):
    """Agents see the roll of a die."""

    def _observe(self, actions: dict[str, Any]) -> dict[str, Any]:
        return {name: seen + np.float32(random.random()) for name, seen in super()._observe(actions).items()}


def test_pettingzoo_copies_have_their_own_too() -> None:
    """Of three agents each sees a roll in every reset and step; an episode lasts three steps."""
    environment = PettingZooEnvironment(Rolling, 2, lambda name: "A", ("A",))
    state = random.getstate()
    seen = [environment.reset(4).features["A"]]
    for _ in range(3):
        seen.append(environment.step({"A": torch.zeros(2, 3, dtype=torch.long)}).next_observation.features["A"])
    seen.append(environment.step({"A": torch.zeros(2, 3, dtype=torch.long)}).next_observation.features["A"])
    assert random.getstate() == state
    for copy in (0, 1):
        for episode, times in ((copy, (0, 1, 2, 3)), (copy + 2, (0, 1))):
            rolls = random.Random(episode_seed(4, episode))
            expected = [[time + rolls.random() for _ in range(3)] for time in times]
            found = [seen[t][copy, :, 1].tolist() for t in ((0, 1, 2, 3) if episode < 2 else (4,))]
            np.testing.assert_allclose(found, expected if episode < 2 else expected[1:], rtol=1e-6)


def test_an_environment_with_its_own_generator_is_not_slowed_for_long() -> None:
    environment = GymnasiumEnvironment("CartPole-v1", 1)
    environment.reset(0)
    for _ in range(LOOKS + 1):
        environment.step({CLASS: torch.zeros(1, 1, dtype=torch.long)})
    calls: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random, "getstate", lambda: calls.append(1))
        environment.step({CLASS: torch.zeros(1, 1, dtype=torch.long)})
    assert not calls
