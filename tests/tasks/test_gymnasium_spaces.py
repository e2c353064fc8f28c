"""GymnasiumEnvironment: what is observed and done in each kind of space, and masks of what is legal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import habits  # noqa: F401, registers its environments
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium_probe import Probe, make, push, registered
from habits import Below, Closed, Parts

from marl.core.errors import EnvironmentFailedError
from marl.core.seeding import episode_seed
from marl.tasks.answers import AnswerError
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.observed_masks import MaskInInfo

TAXI = max(name for name in gymnasium.registry if name.startswith("Taxi-v"))
"""Gymnasium drops old versions."""


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with registered():
        yield


@pytest.mark.parametrize(("name", "size", "actions"), [("FrozenLake-v1", 16, 4), (TAXI, 500, 6)], ids=["lake", "taxi"])
def test_numbered_observations_are_the_numbers(name: str, size: int, actions: int) -> None:
    environment, alone = make(name, 2), gymnasium.make(name)
    features = environment.reset(seed=1).features[CLASS]
    expected = [alone.reset(seed=episode_seed(1, copy))[0] for copy in range(2)]
    assert features[:, 0, 0].tolist() == expected
    agent = environment.roster.present[0]
    assert (agent.categories, agent.width, agent.action.size) == ((size,), size, actions)


def test_numbers_may_begin_anywhere() -> None:
    environment = make(actions=spaces.Discrete(3, start=-1), observations=spaces.Discrete(4, start=7))
    assert environment.reset(seed=0).features[CLASS][0, 0].tolist() == [0]
    for chosen in range(3):
        step = push(environment, chosen)
    assert step.next_observation.features[CLASS][0, 0].tolist() == [3]
    assert Probe.taken == [-1, 0, 1]


def test_images_are_channels_height_and_width_and_the_last_is_kept_apart() -> None:
    environment = make(observations=spaces.Box(0, 255, (4, 5, 3), np.uint8), copies=2, last=2)
    observation = environment.reset(seed=0)
    assert environment.roster.classes[0].images[0].shape == (3, 4, 5)
    assert observation.features[CLASS].shape == (2, 1, 0)
    seen = [observation, *(push(environment, 0, 0) for _ in range(2))]
    images = [
        each.images[CLASS] for each in (seen[0], seen[1].observation, seen[2].next_observation, seen[2].observation)
    ]
    assert [(x.shape, x.dtype) for x in images] == [((2, 1, 3, 4, 5), torch.uint8)] * 4
    assert [x.unique().tolist() for x in images] == [[0], [1], [2], [0]]  # each in memory of its own


def test_numbers_of_two_axes_are_flattened_and_stay_small() -> None:
    environment = make(observations=spaces.Box(0, 255, (2, 3), np.uint8))
    assert environment.reset(seed=0).features[CLASS].shape == (1, 1, 6)
    assert environment.reset(seed=0).features[CLASS].dtype == torch.uint8


@pytest.mark.parametrize("processes", [1, 2])
def test_observations_and_actions_of_several_parts(processes: int) -> None:
    """Blackjack observes three numbers; the last observation of an episode is one, not a batch."""
    environment = GymnasiumEnvironment("Blackjack-v1", 3, processes=processes)
    alone = [gymnasium.make("Blackjack-v1") for _ in range(3)]
    assert environment.roster.present[0].categories == (32, 11, 2)
    seen = environment.reset(seed=4).features[CLASS][:, 0].tolist()
    assert seen == [[int(x) for x in env.reset(seed=episode_seed(4, i))[0]] for i, env in enumerate(alone)]
    step = environment.step({CLASS: torch.tensor([[0], [0], [0]])})  # stick: all end
    assert step.terminated.all()
    assert step.next_observation.features[CLASS][:, 0].tolist() == [[int(x) for x in env.step(0)[0]] for env in alone]
    environment.close()


def test_continuous_actions_are_scaled_to_their_bounds() -> None:
    environment = make(actions=spaces.Box(-2, 2, (2,)))
    environment.reset(seed=0)
    push(environment, [5.0, -0.5])
    assert Probe.taken[0].tolist() == [2, -1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"observations": spaces.Text(3)}, r"Probe-v0 observes Text.*; supported are Box, Discrete"),
        ({"actions": spaces.Text(3)}, r"Probe-v0 acts in Text.*supported are Discrete, MultiDiscrete"),
        ({"bogus": 3}, "Gymnasium cannot make Probe-v0 with .*bogus"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**arguments)


def test_masks_are_those_of_the_episodes_that_begin() -> None:
    """One step to the right there is one legal action less than where a walk begins."""
    environment = make("habits:Closed-v0", 2)
    environment.reset(seed=0)
    push(environment, 1, 1)
    masks = environment.restart(torch.tensor([True, False])).action_mask
    assert masks is not None and masks[CLASS][:, 0].tolist() == [[True, True, False], [False, True, False]]


@pytest.mark.parametrize("processes", [1, 2])
def test_masks_in_the_infos_are_those_of_each_moment(processes: int) -> None:
    """Right of the middle only action 1 is legal; after the end the next episode begins in the middle."""
    environment = GymnasiumEnvironment(f"habits:{Closed.__name__}-v0", 2, processes=processes)
    observation = environment.reset(seed=0)
    for place in range(5):
        assert observation.action_mask[CLASS].tolist() == [[[place < 1, True, False]]] * 2
        step = push(environment, 1, 1)
        assert step.next_observation.action_mask[CLASS].tolist() == [[[False, True, False]]] * 2
        observation = step.observation
    assert step.ended.all()
    assert observation.action_mask[CLASS].tolist() == [[[True, True, False]]] * 2
    environment.close()


@pytest.mark.parametrize("inside", [False, True])
def test_masks_that_are_observed_are_no_features(inside: bool) -> None:
    """A bit, a sign and a digit, that is two one-hots and a number; the eight masks leave one action out."""
    environment = make("habits:Parts-v0", 2, inside=inside)
    observation = environment.reset(seed=0)
    assert observation.features[CLASS].shape == (2, 1, 5)
    assert observation.action_mask is not None
    assert observation.action_mask[CLASS].sum(-1).tolist() == [[7], [7]]
    right = (observation.action_mask[CLASS].int().argmin(-1) - 1) % 8
    bits, sign = observation.features[CLASS][..., 1].long(), observation.features[CLASS][..., 2]
    digit = observation.features[CLASS][..., 4].long()
    assert right.equal(4 * bits + 2 * (sign > 0) + digit)


def test_a_mask_is_given_once_or_twice_alike() -> None:
    """In the observation and in the infos."""

    class Twice(Parts):
        def step(self, action: Any) -> Any:
            seen, *rest, _ = super().step(action)
            return seen, *rest, {"action_mask": seen["action_mask"] if self.steps < 2 else np.ones(8)}

    environment = MaskInInfo(Twice())
    environment.reset(seed=0)
    *_, info = environment.step(environment.env.right)  # type: ignore[attr-defined]
    assert "action_mask" in info and "action_mask" not in environment.observation_space.spaces  # type: ignore[attr-defined]
    with pytest.raises(AnswerError, match="an action_mask in its observation and another in its info"):
        environment.step(environment.env.right)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (Closed, {"moments": ("step",)}, r"habits:Closed-v0 gives info\['action_mask'\] at some moments only"),
        (Closed, {"moments": ("reset",)}, r"habits:Closed-v0 gives info\['action_mask'\] at some moments only"),
        (Below, {}, r"habits:Below-v0: copy 0 observes -1, which is not in Discrete\(4\)"),
    ],
)
def test_what_contradicts_its_spaces_is_refused(kind: Any, arguments: dict[str, Any], message: str) -> None:
    environment = GymnasiumEnvironment(f"habits:{kind.__name__}-v0", 2, arguments)

    def play() -> None:
        environment.reset(seed=0)
        push(environment, 1, 1)

    with pytest.raises(EnvironmentFailedError, match=message):
        play()
