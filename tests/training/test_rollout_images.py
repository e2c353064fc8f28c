"""Images of a rollout, each kept once, of agents that leave and episodes that end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from leaving_pettingzoo import Painted, PaintedTurns

from marl.core.records import Rollout
from marl.core.serialisation import load_state, save_state
from marl.policies.configs import RandomPolicyConfig
from marl.policies.random import RandomPolicy
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.training.collector import Collector


def collected(make: Any, length: int, copies: int = 1) -> Rollout:
    environment = PettingZooEnvironment(make, copies, lambda name: "A", ("A",))
    collector = Collector(environment, length, seed=0)
    return collector.collect(RandomPolicy(environment.roster, RandomPolicyConfig())).batch


def playing(environment: PettingZooEnvironment) -> tuple[Collector, RandomPolicy]:
    return Collector(environment, 4, seed=0), RandomPolicy(environment.roster, RandomPolicyConfig())


def resumable() -> PettingZooEnvironment:
    """Two copies whose time a checkpoint stores."""
    return PettingZooEnvironment(
        lambda: Painted(dies=dict.fromkeys("xyz", 6)),
        2,
        lambda name: "A",
        ("A",),
        get_state=lambda env: {"time": env.time},
        set_state=lambda env, state: setattr(env, "time", state["time"]),
    )


def told(images: torch.Tensor) -> list[list[int]]:
    """Of images ``[..., N_c, C, H, W]`` index and time of each agent."""
    return images[..., 0, 0].flatten(0, -2).tolist()


def test_what_was_seen_is_kept_once_in_its_own_type_and_successors_where_they_are_seen_nowhere_else() -> None:
    """x is cut at 2, all others die at 3; a second episode begins."""
    rollout = collected(lambda: Painted(cut={"x": 2}, dies={"y": 3, "z": 3}), 4)
    assert rollout.observation.images is not None
    assert rollout.last_images is not None
    images = rollout.observation.images["A"]
    assert (images.shape, images.dtype) == ((4, 1, 3, 2, 4, 5), torch.int8)
    assert told(images[:, 0]) == [
        [1, 0],
        [2, 0],
        [3, 0],
        [1, 1],
        [2, 1],
        [3, 1],
        [0, 0],
        [2, 2],
        [3, 2],
        [1, 0],
        [2, 0],
        [3, 0],
    ]
    assert rollout.next_observation.images is None
    assert rollout.closing[:, 0].tolist() == [False, True, True, True]
    assert rollout.last_images["A"].dtype == torch.int8
    assert told(rollout.last_images["A"]) == [[1, 2], [2, 2], [3, 2], [0, 0], [2, 3], [3, 3], [1, 1], [2, 1], [3, 1]]
    steps = torch.tensor([[False], [False], [True], [True]])
    successors = rollout.successors(steps)
    assert successors.images is not None
    assert told(successors.images["A"]) == [[0, 0], [2, 3], [3, 3], [1, 1], [2, 1], [3, 1]]
    assert rollout.copies(torch.tensor([0])).last_images is None


def test_copies_are_told_apart() -> None:
    makes = iter([Painted(dies=dict.fromkeys("xyz", 1)), Painted(dies=dict.fromkeys("xyz", 2))])
    rollout = collected(lambda: next(makes), 2, copies=2)
    assert rollout.closing.tolist() == [[True, False], [True, True]]
    assert rollout.last_images is not None
    assert told(rollout.last_images["A"][:, :1]) == [[1, 1], [1, 1], [1, 2]]


def test_in_turns_all_but_the_mover_see_blanks() -> None:
    rollout = collected(PaintedTurns, 4)
    assert rollout.observation.images is not None
    assert told(rollout.observation.images["A"][1:3, 0]) == [[0, 0], [2, 1], [0, 0], [1, 2], [0, 0], [0, 0]]


def test_a_checkpoint_keeps_the_images_that_are_acted_on_next(tmp_path: Path) -> None:
    (collector, policy), (other, _) = playing(resumable()), playing(resumable())
    collector.collect(policy)
    save_state(tmp_path, "source", collector.state())
    other.load_state(load_state(tmp_path, "source"))
    found = [each.collect(policy).batch.observation.images["A"] for each in (collector, other)]
    assert [x.dtype for x in found] == [torch.int8] * 2
    assert told(found[1][:, 0, :1]) == [[1, 4], [1, 5], [1, 0], [1, 1]]
    assert found[0].equal(found[1])
