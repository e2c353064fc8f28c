"""Turns of the plane by 0, 90, 180 and 270 degrees, worked out by hand: one by 90 takes (x, y) to (-y, x)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from marl.core.records import Memory, Observation, Rollout
from marl.core.symmetry import SignedPermutation, Symmetries

TURN = SignedPermutation(
    index=torch.tensor([[0, 1], [1, 0], [0, 1], [1, 0]]),
    sign=torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]]),
)
WIDE = SignedPermutation(
    index=torch.cat([TURN.index, TURN.index + 2], -1),
    sign=torch.cat([TURN.sign, TURN.sign], -1),
)
"""Position and velocity."""
RIGHT, UP, LEFT, DOWN = range(4)
TURNS = Symmetries(
    features={"A": TURN},
    kinematics=WIDE,
    entities=TURN,
    auxiliary_target=TURN,
    action=torch.tensor(
        [[RIGHT, UP, LEFT, DOWN], [UP, LEFT, DOWN, RIGHT], [LEFT, DOWN, RIGHT, UP], [DOWN, RIGHT, UP, LEFT]]
    ),
)


def observed(features: list[float], copies: int = 1) -> Observation:
    """One agent that sees a vector, moves by (3, 4) from (1, 2), is to predict (6, 7), and may go right only."""
    each = lambda *numbers: torch.tensor(numbers).expand(copies, 1, len(numbers))  # noqa: E731
    return Observation(
        features={"A": each(*features)},
        alive=torch.ones(copies, 1, dtype=torch.bool),
        action_mask={"A": each(True, False, False, False)},
        kinematics=each(1.0, 2.0, 3.0, 4.0),
        entities=each(5.0, 0.0),
        auxiliary_target=each(6.0, 7.0),
    )


@pytest.mark.parametrize(
    ("element", "expected"), [(0, [2.0, 1.0]), (1, [-1.0, 2.0]), (2, [-2.0, -1.0]), (3, [1.0, -2.0])]
)
def test_a_vector_is_turned(element: int, expected: list[float]) -> None:
    assert TURN.apply(torch.tensor([[[2.0, 1.0]]]), torch.tensor([element])).tolist() == [[expected]]


def test_each_copy_is_turned_by_its_own_element_at_all_times_and_for_all_agents() -> None:
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]]).expand(3, 2, 2, 2)  # [T, B, M, W]
    turned = TURN.apply(x, torch.tensor([1, 2]))
    first, second = [[0.0, 1.0], [-2.0, 0.0]], [[-1.0, 0.0], [0.0, -2.0]]
    assert turned.tolist() == [[first, second]] * 3


def test_integers_stay_integers() -> None:
    turned = TURN.apply(torch.tensor([[[2, 1]]]), torch.tensor([1]))
    assert turned.dtype == torch.int64
    assert turned.tolist() == [[[-1, 2]]]


def test_the_order_is_the_number_of_elements() -> None:
    assert TURNS.order == 4


def test_every_part_of_an_observation_is_turned() -> None:
    turned = TURNS.observation(observed([2.0, 1.0]), torch.tensor([1]))
    assert turned.features["A"].tolist() == [[[-1, 2]]]
    assert turned.kinematics is not None
    assert turned.kinematics.tolist() == [[[-2, 1, -4, 3]]]
    assert turned.entities is not None
    assert turned.entities.tolist() == [[[0, 5]]]
    assert turned.auxiliary_target is not None
    assert turned.auxiliary_target.tolist() == [[[-7, 6]]]
    assert turned.action_mask is not None
    assert turned.action_mask["A"].tolist() == [[[False, True, False, False]]]  # up
    assert turned.alive.tolist() == [[True]]


def test_what_an_observation_lacks_stays_away() -> None:
    bare = Observation({"A": torch.tensor([[[2.0, 1.0]]])}, torch.ones(1, 1, dtype=torch.bool))
    turned = TURNS.observation(bare, torch.tensor([2]))
    assert turned.features["A"].tolist() == [[[-2, -1]]]
    assert (turned.action_mask, turned.kinematics, turned.entities, turned.auxiliary_target) == (None,) * 4


@pytest.mark.parametrize(("element", "expected"), [(0, RIGHT), (1, UP), (2, LEFT), (3, DOWN)])
def test_an_action_becomes_the_one_that_does_the_same_in_the_turned_world(element: int, expected: int) -> None:
    action = {"A": torch.tensor([[RIGHT]])}
    assert TURNS.actions(action, torch.tensor([element]))["A"].tolist() == [[expected]]


def test_components_of_a_continuous_action_move_to_the_turned_directions() -> None:
    pushed = {"A": torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])}  # right, up, left, down
    turned = TURNS.actions(pushed, torch.tensor([1]))["A"]
    assert turned.tolist() == [[[4.0, 1.0, 2.0, 3.0]]]  # what went down goes right


def both(x: Tensor, element: int) -> Tensor:
    chosen = torch.tensor([element])
    return TURNS.actions({"A": x}, chosen)["A"]


@pytest.mark.parametrize("element", range(4))
def test_an_element_and_its_opposite_give_back_what_was(element: int) -> None:
    there, back = torch.tensor([element]), torch.tensor([-element % 4])
    first = observed([2.0, 1.0])
    again = TURNS.observation(TURNS.observation(first, there), back)
    assert again.features["A"].equal(first.features["A"])
    for part in ("kinematics", "entities", "auxiliary_target"):
        assert getattr(again, part).equal(getattr(first, part)), part
    for action in (torch.tensor([[RIGHT], [UP], [LEFT], [DOWN]]).mT, torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])):
        assert both(both(action, element), -element % 4).equal(action)


def test_a_rollout_is_turned_and_turned_copies_lose_their_memory() -> None:
    """Two copies, of which the second is turned: what it remembers is of the world as it was."""
    here, there = (observed(seen, copies=2).map(lambda x: x[None]) for seen in ([2.0, 1.0], [3.0, 0.0]))
    zeros = torch.zeros(1, 2, 1)
    keys = torch.ones(2, 1, 1, 3, 4)
    rollout = Rollout(
        observation=here,
        next_observation=there,
        action={"A": torch.full((1, 2, 1), LEFT)},
        log_prob=zeros,
        reward=zeros + 9,
        terminated=zeros.bool(),
        truncated=zeros.bool(),
        started=zeros[..., 0].bool(),
        memory=Memory(keys, keys, torch.ones(2, 3, dtype=torch.bool)),
    )
    turned = TURNS.rollout(rollout, torch.tensor([0, 1]))
    assert turned.observation.features["A"].tolist() == [[[[2, 1]], [[-1, 2]]]]
    assert turned.next_observation.features["A"].tolist() == [[[[3, 0]], [[0, 3]]]]
    assert turned.action["A"].tolist() == [[[LEFT], [DOWN]]]
    assert turned.reward.tolist() == [[[9], [9]]]
    assert turned.memory is not None
    assert turned.memory.valid.tolist() == [[[True] * 3], [[False] * 3]]
