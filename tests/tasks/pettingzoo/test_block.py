"""Agents that leave, join, take turns and have masks, as arrays; numbers by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from leaving_pettingzoo import Leaving, Painted, PaintedTurns, Turns

from marl.core.errors import EnvironmentFailedError
from marl.core.records import Observation, Step
from marl.core.roster import ImageSpec
from marl.tasks.pettingzoo.environment import PettingZooEnvironment


def leaving(num_copies: int = 1, **options: Any) -> PettingZooEnvironment:
    return PettingZooEnvironment(lambda: Leaving(**options), num_copies, lambda name: "A", ("A",))


def walk(env: PettingZooEnvironment, steps: int, action: int = 0) -> list[Step]:
    shape = (env.num_copies, env.roster.size)
    return [env.step({"A": torch.full(shape, action)}) for _ in range(steps)]


def flags(tensor: torch.Tensor) -> str:
    return "".join("01"[int(value)] for value in tensor[0])


def test_one_dies_and_one_is_cut_while_the_last_plays_on() -> None:
    env = leaving(dies={"x": 2, "z": 5}, cut={"y": 3})
    env.reset(0)
    steps = walk(env, 5)
    assert [flags(step.terminated) for step in steps] == ["000", "100", "100", "110", "111"]
    assert [flags(step.truncated) for step in steps] == ["000", "000", "010", "000", "000"]
    assert [bool(step.ended) for step in steps] == [False] * 4 + [True]
    assert [flags(step.observation.alive) for step in steps] == ["111", "011", "001", "001", "111"]
    assert all(step.observation.acting is None for step in steps)
    assert [flags(step.next_observation.alive) for step in steps] == ["111", "111", "011", "001", "001"]
    assert [step.reward[0].tolist() for step in steps] == [[1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 1]]
    # its own last observation where it was cut, nothing afterwards
    assert steps[2].next_observation.features["A"][0].tolist() == [[0, 0], [1, 3], [2, 3]]
    assert steps[2].observation.features["A"][0].tolist() == [[0, 0], [0, 0], [2, 3]]
    assert steps[4].observation.features["A"][0].tolist() == [[0, 0], [1, 0], [2, 0]]


def test_an_agent_that_leaves_without_an_observation_keeps_its_last() -> None:
    env = leaving(cut={"x": 1}, dies={"y": 3, "z": 3}, silent=True)
    env.reset(0)
    (step,) = walk(env, 1)
    assert step.next_observation.features["A"][0].tolist() == [[0, 0], [1, 1], [2, 1]]
    assert flags(step.next_observation.alive) == "111"


def test_both_flags_at_once_are_told() -> None:
    env = leaving(dies={"x": 1, "y": 2, "z": 2}, cut={"x": 1})
    env.reset(0)
    (step,) = walk(env, 1)
    assert (flags(step.terminated), flags(step.truncated)) == ("100", "100")


def test_an_agent_joins_and_only_those_who_are_there_act() -> None:
    made = Leaving(joins={"x": 2}, dies={"x": 4, "y": 4, "z": 4})
    env = PettingZooEnvironment(lambda: made, 1, lambda name: "A", ("A",))
    first = env.reset(0)
    steps = walk(env, 4, action=1)
    assert [flags(seen.alive) for seen in (first, *(step.observation for step in steps))] == [
        "011",
        "011",
        "111",
        "111",
        "011",
    ]
    assert [flags(step.terminated) for step in steps] == ["100", "000", "000", "111"]
    assert steps[1].observation.features["A"][0].tolist() == [[0, 2], [1, 2], [2, 2]]
    assert [list(actions) for _, actions in made.played] == [["y", "z"]] * 2 + [["y", "z", "x"]] * 2


def test_copies_end_apart() -> None:
    envs = iter([Leaving(dies=dict.fromkeys("xyz", 2)), Leaving(dies=dict.fromkeys("xyz", 3))])
    env = PettingZooEnvironment(lambda: next(envs), 2, lambda name: "A", ("A",))
    env.reset(0)
    steps = walk(env, 4)
    assert [step.ended.tolist() for step in steps] == [[False, False], [True, False], [False, True], [True, False]]
    assert steps[1].observation.features["A"][:, 0, 1].tolist() == [0, 2]
    assert steps[1].next_observation.features["A"][:, 0, 1].tolist() == [2, 2]
    assert env.state()["numbers"].tolist() == [6, 5]


def test_who_is_not_to_move_sees_nothing_and_is_alive() -> None:
    """Players 0, 1, 0, 2 move; a new episode follows."""
    env = PettingZooEnvironment(Turns, 1, lambda name: "A", ("A",))
    seen: list[Observation] = [env.reset(0)]
    steps = walk(env, 4)
    seen += [step.observation for step in steps]
    assert [observation.features["A"][0].tolist() for observation in seen] == [
        [[0, 0], [0, 0], [0, 0]],
        [[0, 0], [1, 1], [0, 0]],
        [[0, 2], [0, 0], [0, 0]],
        [[0, 0], [0, 0], [2, 3]],
        [[0, 0], [0, 0], [0, 0]],
    ]
    assert [flags(observation.alive) for observation in seen] == ["111"] * 5
    assert [flags(observation.to_move) for observation in seen] == ["100", "010", "100", "001", "100"]
    assert [step.reward[0].tolist() for step in steps] == [[0, 1, 0], [10, 0, 0], [0, 0, 12], [100, 101, 0]]
    assert [flags(step.terminated) for step in steps] == ["000", "000", "000", "111"]


def test_masks_in_infos_are_the_observations() -> None:
    env = leaving(2, masks=True, dies=dict.fromkeys("xyz", 3))
    seen = env.reset(0)
    masks = [seen.action_mask]
    for time in range(4):
        masks.append(env.step({"A": torch.full((2, 3), time % 3 % 2)}).observation.action_mask)
    assert [mask["A"][1, 2].tolist() for mask in masks if mask] == [[t % 2 == 0, t % 2 == 1] for t in (0, 1, 2, 0, 1)]


def test_masks_of_those_who_do_not_move_are_open() -> None:
    env = PettingZooEnvironment(lambda: Turns(masks=True), 1, lambda name: "A", ("A",))
    env.reset(0)
    (step,) = walk(env, 1)
    assert step.observation.action_mask is not None
    assert step.observation.action_mask["A"][0].tolist() == [[True] * 3, [False, True, False], [True] * 3]


def told(change: Any, **options: Any) -> type[Leaving]:
    class Told(Leaving):
        """Answers of the second step changed."""

        def __init__(self) -> None:
            super().__init__(dies=dict.fromkeys("xyz", 9), **options)

        def step(self, actions: Any) -> Any:
            given = super().step(actions)
            if self.time == 2:
                change(self, *given)
            return given

    return Told


def stranger(env: Any, seen: Any, *rest: Any) -> None:
    env.agents.append("w")


def lost(env: Any, seen: Any, *rest: Any) -> None:
    env.agents.remove("y")


def mute(env: Any, seen: Any, *rest: Any) -> None:
    del seen["y"]


def wide(env: Any, seen: Any, *rest: Any) -> None:
    seen["y"] = np.zeros(3, np.float32)


def whole(env: Any, seen: Any, *rest: Any) -> None:
    seen["y"] = np.array([1j, 2])


def illegal(env: Any, seen: Any, reward: Any, terminated: Any, truncated: Any, infos: Any) -> None:
    infos["y"]["action_mask"] = np.zeros(2, np.int8)


def unmasked(env: Any, seen: Any, reward: Any, terminated: Any, truncated: Any, infos: Any) -> None:
    del infos["y"]["action_mask"]


def long(env: Any, seen: Any, reward: Any, terminated: Any, truncated: Any, infos: Any) -> None:
    infos["y"]["action_mask"] = np.ones(3, np.int8)


def pair(env: Any, seen: Any, reward: Any, *rest: Any) -> None:
    reward["y"] = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (stranger, "has an agent 'w', which is not in its possible_agents; name all who may ever play"),
        (lost, "lost agent y, neither terminated nor truncated; an agent leaves with one of them"),
        (mute, "told agent y no observation; each agent that is to move needs one"),
        (wide, r"told agent y what is no observation of its own: it observed an array of float32 and shape \[3\]"),
        (whole, "told agent y what is no observation of its own: it observed an array"),
        (illegal, "leaves agent y no legal action"),
        (unmasked, "gave agent y an action_mask at some moments only; give it at each, or never"),
        (long, r"gave agent y in its info an action_mask of shape \[3\]; give one number for each of 2 actions"),
        (pair, r"gave agent y an array of float64 and shape \[2\] as reward; a reward is one number"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_answers_that_cannot_be_are_told_with_copy_step_and_agent(change: Any, words: str) -> None:
    made = told(change, masks=change in (illegal, unmasked, long))
    env = PettingZooEnvironment(made, 2, lambda name: "A", ("A",))
    env.reset(0)
    walk(env, 1, action=0)
    with pytest.raises(EnvironmentFailedError, match=f"^the environment leaving, copy 0, in step 2 .*, {words}"):
        walk(env, 1, action=1)


def test_a_mask_that_comes_late_is_refused() -> None:
    def late(env: Any, seen: Any, reward: Any, terminated: Any, truncated: Any, infos: Any) -> None:
        infos["y"]["action_mask"] = np.ones(2, np.int8)

    env = PettingZooEnvironment(told(late), 1, lambda name: "A", ("A",))
    env.reset(0)
    with pytest.raises(EnvironmentFailedError, match="gave agent y an action_mask at some moments only"):
        walk(env, 2)


def test_one_who_left_stays_away_until_the_next_reset() -> None:
    env = leaving(dies={"x": 2, "y": 5}, returns={"x": 3})
    env.reset(0)
    walk(env, 2)
    told = r"has agent x again, who had left in this episode; .* unless rejoin is declared \(env.rejoin: true\)"
    with pytest.raises(EnvironmentFailedError, match=told):
        walk(env, 1)


def test_one_who_left_may_be_declared_to_come_back() -> None:
    """x dies at 2, is back at 4, and is cut at 6, when the others die; then all begin anew."""
    made = Leaving(dies={"x": 2, "y": 6, "z": 6}, returns={"x": 4}, cut={"x": 6})
    env = PettingZooEnvironment(lambda: made, 1, lambda name: "A", ("A",), rejoin=True)
    first = env.reset(0)
    steps = walk(env, 7)
    seen = [first, *(step.observation for step in steps)]
    assert [flags(each.alive)[0] for each in seen] == ["1", "1", "0", "0", "1", "1", "1", "1"]
    assert [each.features["A"][0, 0, 1].item() for each in seen] == [0, 1, 0, 0, 4, 5, 0, 1]
    assert [flags(step.terminated)[0] for step in steps] == ["0", "1", "1", "0", "0", "0", "0"]
    assert [flags(step.truncated)[0] for step in steps] == ["0", "0", "0", "0", "0", "1", "0"]
    assert [step.reward[0, 0].item() for step in steps] == [1, 1, 0, 0, 1, 1, 1]
    assert steps[5].next_observation.features["A"][0, 0].tolist() == [0, 6]  # its own last where it was cut
    assert ["x" in actions for _, actions in made.played] == [True, True, False, False, True, True, True]


def test_a_mask_in_the_observation_and_another_in_the_info_are_refused() -> None:
    class Twice(Turns):
        def reset(self, seed: int | None = None, options: Any = None) -> None:
            super().reset(seed, options)
            self.infos["p_0"] = {"action_mask": np.array([1, 1, 0])}

    env = PettingZooEnvironment(lambda: Twice(masks=True), 1, lambda name: "A", ("A",))
    with pytest.raises(EnvironmentFailedError, match="p_0 an action_mask in its observation and another in its info"):
        env.reset(0)


def corners(observation: Observation) -> list[list[int]]:
    """Of each agent in copy 0 the two channels in the first corner of its painting."""
    assert observation.images is not None
    return observation.images["A"][0, :, :, 0, 0].tolist()


def test_images_are_channels_height_and_width_in_their_own_type() -> None:
    env = PettingZooEnvironment(lambda: Painted(cut={"x": 1}), 2, lambda name: "A", ("A",))
    observation = env.reset(0)
    (agent,) = env.roster.classes
    assert (agent.images, agent.feature_size) == ((ImageSpec((2, 4, 5), "int8"),), 0)
    assert observation.features["A"].shape == (2, 3, 0)
    assert observation.images is not None
    images = observation.images["A"]
    assert (images.shape, images.dtype) == ((2, 3, 2, 4, 5), torch.int8)
    index = torch.tensor([1, 2, 3], dtype=torch.int8)[:, None, None].expand(3, 4, 5).clone()
    index[:, 3, 4] = 99
    assert images[1, :, 0].equal(index)
    assert env._block.seen.images["A"].strides[2] == 1  # so that what most environments give is copied as it lies


def test_who_has_left_sees_a_blank_image_and_who_was_cut_its_last() -> None:
    for silent, time in ((False, 2), (True, 1)):
        env = PettingZooEnvironment(lambda: Painted(cut={"x": 2}, silent=silent), 1, lambda name: "A", ("A",))  # noqa: B023
        seen = [env.reset(0), *(step.observation for step in walk(env, 2))]
        assert [corners(each) for each in seen[:2]] == [[[1, t], [2, t], [3, t]] for t in range(2)]
        assert corners(seen[2]) == [[0, 0], [2, 2], [3, 2]]
        env.reset(0)
        assert corners(walk(env, 2)[1].next_observation) == [[1, time], [2, 2], [3, 2]]


def test_a_new_episode_leaves_the_last_image_of_the_one_before() -> None:
    env = PettingZooEnvironment(lambda: Painted(dies=dict.fromkeys("xyz", 1)), 2, lambda name: "A", ("A",))
    env.reset(0)
    (step,) = walk(env, 1)
    assert corners(step.next_observation) == [[1, 1], [2, 1], [3, 1]]
    assert corners(step.observation) == [[1, 0], [2, 0], [3, 0]]


def test_who_is_not_to_move_sees_a_blank_image() -> None:
    env = PettingZooEnvironment(PaintedTurns, 1, lambda name: "A", ("A",))
    assert corners(env.reset(0)) == [[1, 0], [0, 0], [0, 0]]
    assert corners(walk(env, 1)[0].observation) == [[0, 0], [2, 1], [0, 0]]
