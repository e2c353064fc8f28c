from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.replay import Replay
from marl.core.errors import ConfigError
from marl.core.records import Observation, Rollout
from marl.core.serialisation import load_state, save_state

COPIES = 2


def seen(time: Tensor) -> Observation:
    """Two agents in two copies; all see the time, and a hundred more in the second copy."""
    features = (time[:, None] + torch.tensor([0.0, 100.0]))[:, :, None, None].expand(-1, -1, 2, 1)
    return Observation({"solo": features}, torch.ones(len(time), COPIES, 2, dtype=torch.bool))


def rollout(first: int, last: int, **given: Any) -> Rollout:
    """The steps of these times; each brings the time to the first agent and nothing to the second."""
    time = torch.arange(first, last + 1).float()
    never = torch.zeros(len(time), COPIES, 2, dtype=torch.bool)
    parts: dict[str, Any] = {
        "action": {"solo": (seen(time).features["solo"][..., 0]).long()},
        "reward": torch.stack([seen(time).features["solo"][:, :, 0, 0], torch.zeros(len(time), COPIES)], -1),
        "terminated": never,
        "truncated": never,
        "started": never[..., 0],
    }
    return Rollout(
        observation=seen(time),
        next_observation=seen(time + 1),
        log_prob=torch.zeros(never.shape),
        memory=None,
        **(parts | given),
    )


def at(times: list[int], copy: int, steps: int) -> Tensor:
    """``[len(times), copies, agents]`` of a rollout: True at these times, counted from its first, in one copy."""
    flags = torch.zeros(steps, COPIES, 2, dtype=torch.bool)
    flags[times, copy] = True
    return flags


def place_of(replay: Replay, number: int) -> int:
    """Place of the transition whose action was taken at this observation."""
    read = replay.read(torch.arange(replay.size))
    found = (read.observation.features["solo"][:, 0, 0] == number).nonzero()
    assert len(found) == 1
    return int(found)


def window(replay: Replay, number: int) -> tuple[list[float], float]:
    """Rewards of the steps from a place on, and the observation after the last."""
    read = replay.read(torch.tensor([place_of(replay, number)]))
    assert read.action["solo"].tolist() == [[number, number]]
    taken = read.taken[0]
    return read.reward[0, taken, 0].tolist(), float(read.next_observation.features["solo"][0, 0, 0])


def test_the_oldest_give_way_and_windows_end_at_the_latest() -> None:
    replay = Replay(capacity=9, steps=3)  # four rows of two copies
    for first in (0, 3):
        replay.add(rollout(first, first + 2))
    assert replay.size == replay.places == 8
    kept = replay.read(torch.arange(8)).observation.features["solo"][:, 0, 0]
    assert sorted(kept.tolist()) == [2, 3, 4, 5, 102, 103, 104, 105]
    assert window(replay, 2) == ([2, 3, 4], 5)
    assert window(replay, 103) == ([103, 104, 105], 106)
    assert window(replay, 4) == ([4, 5], 6)
    assert window(replay, 105) == ([105], 106)


def test_a_rollout_goes_around_the_end_of_the_ring() -> None:
    replay = Replay(capacity=10, steps=2)  # five rows
    replay.add(rollout(0, 3))
    places = replay.add(rollout(4, 7))
    assert sorted(places.tolist()) == [0, 1, 2, 3, 4, 5, 8, 9]
    assert window(replay, 4) == ([4, 5], 6)
    assert window(replay, 7) == ([7], 8)


def test_windows_end_where_the_next_step_begins_an_episode_or_anybody_is_cut() -> None:
    replay = Replay(capacity=100, steps=4)
    started, truncated = at([2], 0, 6)[..., 0], at([3], 1, 6)
    truncated[..., 1] = False  # of the first agent only
    replay.add(rollout(0, 5, started=started, truncated=truncated))
    assert window(replay, 0) == ([0, 1], 2)
    assert window(replay, 1) == ([1], 2)
    assert window(replay, 2) == ([2, 3, 4, 5], 6)
    assert window(replay, 101) == ([101, 102, 103], 104)
    assert window(replay, 104) == ([104, 105], 106)


def test_what_comes_later_lengthens_windows() -> None:
    replay = Replay(capacity=100, steps=2)
    replay.add(rollout(0, 1))
    assert window(replay, 1) == ([1], 2)
    replay.add(rollout(2, 3))
    assert window(replay, 1) == ([1, 2], 3)


def test_masks_adjacency_and_entities_come_back() -> None:
    roll = rollout(0, 2)
    extra: dict[str, Any] = {
        "action_mask": {"solo": torch.rand(3, COPIES, 2, 5) < 0.5},
        "adjacency": torch.rand(3, COPIES, 2, 2) < 0.5,
        "kinematics": torch.randn(3, COPIES, 2, 4),
        "entities": torch.randn(3, COPIES, 3, 6),
        "entity_mask": torch.rand(3, COPIES, 3) < 0.5,
    }
    full = Observation(roll.observation.features, roll.observation.alive, **extra)
    replay = Replay(capacity=100)
    places = replay.add(Rollout(**{**vars(roll), "observation": full, "next_observation": full}))
    read = replay.read(places)
    for one in (read.observation, read.next_observation):
        assert_close(vars(one), vars(full.map(lambda x: x.flatten(0, 1))))


def test_a_state_holds_what_is_filled_and_is_loaded_bit_for_bit(tmp_path: Path) -> None:
    replay, other = Replay(capacity=12, steps=3), Replay(capacity=12, steps=3)
    replay.add(rollout(0, 3))
    assert len(replay.state()["entries"]["reward"]) == 4
    for full in (False, True):
        if full:
            replay.add(rollout(4, 8))
        save_state(tmp_path, "replay", replay.state())
        other.load_state(load_state(tmp_path, "replay"), torch.device("cpu"))
        replay_later, other_later = (x.add(rollout(9, 9)) if full else torch.arange(4) for x in (replay, other))
        assert replay_later.tolist() == other_later.tolist()
        places = torch.arange(replay.size)
        assert_close(vars(replay.read(places).observation), vars(other.read(places).observation), rtol=0, atol=0)
        assert torch.equal(replay.read(places).taken, other.read(places).taken)
        assert torch.equal(replay.read(places).reward, other.read(places).reward)


def test_an_empty_state_is_loaded() -> None:
    replay = Replay(capacity=8)
    replay.load_state(Replay(capacity=8).state(), torch.device("cpu"))
    assert replay.size == 0


def test_another_capacity_is_refused() -> None:
    replay = Replay(capacity=8)
    replay.add(rollout(0, 1))
    with pytest.raises(ValueError, match="replay_capacity is 10, 5 rows of 2 copies, but the run was trained with 4"):
        Replay(capacity=10).load_state(replay.state(), torch.device("cpu"))


def test_a_rollout_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="replay_capacity is 5, but one rollout alone has 2 copies x 3 steps = 6"):
        Replay(capacity=5).add(rollout(0, 2))


def images(rollout: Rollout, ends: list[tuple[int, int]]) -> Rollout:
    """The same with images of the time and the copy, a hundred more in successors; steps that end are (time, copy)."""
    (length, copies), start = rollout.started.shape, int(rollout.reward[0, 0, 0])
    time = torch.arange(start, start + length, dtype=torch.uint8)
    shown = torch.stack([time + 0, time + 50], 1)[..., None, None, None, None].expand(length, copies, 2, 1, 2, 3)
    terminated, started = rollout.terminated.clone(), rollout.started.clone()
    for at, copy in ends:
        terminated[at - start, copy] = True
        if at - start + 1 < length:
            started[at - start + 1, copy] = True
    seen = Observation(rollout.observation.features, rollout.observation.alive, images={"solo": shown})
    made = Rollout(**{**vars(rollout), "observation": seen, "terminated": terminated, "started": started})
    return Rollout(**{**vars(made), "last_images": {"solo": (shown + 101)[made.closing]}})


def shown(replay: Replay) -> dict[int, int]:
    """First number of each successor's image by that of what was acted on."""
    window = replay.read(torch.arange(replay.size))
    before, after = window.observation.images, window.next_observation.images
    assert before is not None
    assert after is not None
    assert before["solo"].dtype == after["solo"].dtype == torch.uint8
    assert after["solo"].shape == (replay.size, 2, 1, 2, 3)
    return {int(x[0, 0, 0, 0]): int(y[1, 0, 1, 2]) for x, y in zip(before["solo"], after["solo"], strict=True)}


def test_images_of_successors_are_those_of_the_next_row_or_were_given_apart() -> None:
    """Steps 0 to 2, of which 1 ends in the first copy; then 3 and 4; then 5, in the place of 0."""
    replay = Replay(capacity=10)
    replay.add(images(rollout(0, 2), [(1, 0)]))
    assert shown(replay) == {0: 1, 1: 102, 2: 103, 50: 51, 51: 52, 52: 153}
    replay.add(images(rollout(3, 4), [(4, 1)]))
    assert shown(replay) == {0: 1, 1: 102, 2: 3, 3: 4, 4: 105, 50: 51, 51: 52, 52: 53, 53: 54, 54: 155}
    replay.add(images(rollout(5, 6), []))
    assert shown(replay) == {2: 3, 3: 4, 4: 5, 5: 6, 6: 107, 52: 53, 53: 54, 54: 155, 55: 56, 56: 157}
    assert len(replay._last_images) == 3  # those of 1 and of what goes on were forgotten


def test_images_after_a_resume_that_began_new_episodes_are_those_given_apart() -> None:
    replay = Replay(capacity=10)
    replay.add(images(rollout(0, 1), []))
    begun = images(rollout(2, 3), [])
    begun.started[0] = True
    replay.add(begun)
    assert shown(replay)[1] == 102


def test_images_are_stored_in_their_own_type(tmp_path: Path) -> None:
    replay, other = Replay(capacity=8), Replay(capacity=8)
    replay.add(images(rollout(0, 2), [(1, 0)]))
    save_state(tmp_path, "replay", replay.state())
    other.load_state(load_state(tmp_path, "replay"), torch.device("cpu"))
    assert shown(other) == shown(replay)
    for each in (replay, other):
        each.add(images(rollout(3, 4), []))
    assert shown(other) == shown(replay)


def test_successors_of_any_places_have_their_images() -> None:
    """As turns ask for them: of each agent another step's."""
    replay = Replay(capacity=10)
    places = replay.add(images(rollout(0, 2), [(1, 0)]))
    found = replay.successors(places.view(3, 2)).images
    assert found is not None
    assert found["solo"][:, :, 0, 0, 0, 0].tolist() == [[1, 51], [102, 52], [103, 153]]
