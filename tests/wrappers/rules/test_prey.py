from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from marl.wrappers.rules.prey import PREY, Opponents, PreyNoise, Rule, flee, opponents_of, random, still
from marl.wrappers.rules.world import World


def make_world(
    predators: Any, prey: Any, landmarks: Any = (), velocity: Any = (0.0, 0.0), alive: list[bool] | None = None
) -> World:
    position = torch.tensor([[*predators, *prey, *landmarks]], dtype=torch.float64)
    moving = torch.zeros(1, len(predators) + len(prey), 2, dtype=torch.float64)
    moving[:, len(predators) :] = torch.tensor(velocity)
    there = torch.ones(1, len(predators), dtype=torch.bool) if alive is None else torch.tensor([alive])
    return World(position, moving, there, len(prey))


# stay 0, left 1, right 2, down 3, up 4
@pytest.mark.parametrize(
    ("world", "action"),
    [
        # straight away from the only predator: distances 0.3, 0.1, 0.5, 0.36, 0.36
        (make_world([[-0.3, 0.0]], [[0.0, 0.0]]), 2),
        (make_world([[0.0, 0.3]], [[0.0, 0.0]]), 3),
        # far outside, predator far behind: 30 a unit outweighs it, so back inside
        (make_world([[-3.0, 0.0]], [[1.5, 0.0]]), 1),
        # coasting out at 1.0: 0.8 + 0.375 = 1.175, right 1.375, left 0.975
        (make_world([[-3.0, 0.0]], [[0.8, 0.0]], velocity=(1.0, 0.0)), 1),
        # away would be to the right (0.2, 0), but the landmark at (0.4, 0) is within 0.3 of that (-2);
        # up and down are equally good and free: 1 / (0.5385 + 0.05) = 1.699 against 1 / 0.75 + 2 = 3.333
        (make_world([[-0.5, 0.0]], [[0.0, 0.0]], landmarks=[[0.4, 0.0]]), 3),
        # an absent predator does not frighten
        (make_world([[-0.3, 0.0], [0.2, 0.0]], [[0.0, 0.0]], alive=[True, False]), 2),
    ],
)
def test_flee_by_hand(world: World, action: int) -> None:
    assert flee(world, torch.Generator()).tolist() == [[action]]


def flee_one(position: np.ndarray, velocity: np.ndarray, predators: np.ndarray, landmarks: np.ndarray) -> int:
    """The protocol's rule, one prey and one action after the other."""
    best, best_score = 0, -np.inf
    for action, direction in enumerate([(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]):
        ahead = position + 0.5 * (0.75 * velocity + 0.4 * np.array(direction))
        score = 0.0
        for predator in predators:
            score -= 1 / (np.linalg.norm(ahead - predator) + 0.05)
        for coordinate in ahead:
            score -= 30 * max(0.0, abs(coordinate) - 0.9)
        for landmark in landmarks:
            score -= 2 * (np.linalg.norm(ahead - landmark) < 0.3)
        if score > best_score:
            best, best_score = action, score
    return best


def test_flee_equals_the_rule_in_plain_loops() -> None:
    rng = np.random.default_rng(0)
    position, velocity = rng.uniform(-1.2, 1.2, (300, 9, 2)), rng.uniform(-1.3, 1.3, (300, 6, 2))
    world = World(torch.from_numpy(position), torch.from_numpy(velocity), torch.ones(300, 4, dtype=torch.bool), 2)
    chosen = flee(world, torch.Generator()).numpy()
    for copy in range(300):
        for prey in (4, 5):
            expected = flee_one(position[copy, prey], velocity[copy, prey], position[copy, :4], position[copy, 6:])
            assert chosen[copy, prey - 4] == expected
    assert len(np.unique(chosen)) == 5


def test_random_takes_each_action_equally_often() -> None:
    world = make_world([[0.0, 0.0]], [[0.0, 0.0]] * 5000)
    chosen = random(world, torch.Generator().manual_seed(0))
    assert chosen.shape == (1, 5000)
    counts = chosen[0].bincount(minlength=5)
    assert len(counts) == 5
    # standard error of a count: 28
    assert (counts - 1000).abs().max() < 115


def test_still_stays() -> None:
    assert still(make_world([[0.0, 0.0]], [[0.0, 0.0]] * 2), torch.Generator()).tolist() == [[0, 0]]


@pytest.mark.parametrize("bounds", [(-0.1, 0.5), (0.5, 1.1), (0.6, 0.4), (float("nan"), 1.0)])
def test_noise_that_is_no_pair_of_probabilities_is_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"prey noise is \(.*\); give two probabilities, the smaller first"):
        PreyNoise(*bounds)


def test_noise_is_drawn_evenly_between_its_bounds() -> None:
    drawn = PreyNoise(0.2, 0.6).draw(4000, torch.Generator().manual_seed(0))
    assert drawn.shape == (4000,)
    assert 0.2 <= drawn.min() < 0.21
    assert 0.59 < drawn.max() <= 0.6
    # a quarter in each quarter; standard error of a count: 27
    counts = torch.histc(drawn, 4, 0.2, 0.6)
    assert (counts - 1000).abs().max() < 110
    assert PreyNoise(0.3, 0.3).draw(3, torch.Generator()).tolist() == pytest.approx([0.3] * 3)


def test_noise_replaces_as_many_actions_as_each_copy_says() -> None:
    prey = 4000
    world = World(torch.zeros(3, prey + 1, 2), torch.zeros(3, prey + 1, 2), torch.ones(3, 1, dtype=torch.bool), prey)
    meant = torch.full((3, prey), 2)
    probability = torch.tensor([0.0, 0.5, 1.0])
    taken = PreyNoise(0.0, 1.0).apply(world, meant, probability, torch.Generator().manual_seed(0))
    assert taken[0].equal(meant[0])
    for copy, share in ((1, 0.5), (2, 1.0)):
        counts = taken[copy].bincount(minlength=5) / prey
        expected = torch.full((5,), share / 5)
        # a random action may be the one that was meant
        expected[2] += 1 - share
        # standard error of a share: at most 0.008
        torch.testing.assert_close(counts, expected, rtol=0, atol=0.032)


def test_without_noise_nothing_is_drawn() -> None:
    world, meant = make_world([[0.0, 0.0]], [[0.0, 0.0]] * 2), torch.tensor([[3, 1]])
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    assert PreyNoise().apply(world, meant, PreyNoise().draw(1, torch.Generator()), generator) is meant
    assert generator.get_state().equal(before)


class Counting:
    """Opponents that count the steps of each copy's episode, and do what they have counted."""

    def __init__(self, num_copies: int) -> None:
        self.count = torch.zeros(num_copies, dtype=torch.long)

    def __call__(self, world: World, generator: torch.Generator) -> torch.Tensor:
        self.count = self.count + 1
        return self.count[:, None].expand(-1, world.num_prey) % 5

    def begin(self, where: torch.Tensor, generator: torch.Generator) -> None:
        self.count = self.count * ~where

    def state(self) -> dict:
        return {"count": self.count}

    def load_state(self, state: dict) -> None:
        self.count = state["count"]


def test_functions_become_opponents_that_remember_nothing() -> None:
    world, generator = make_world([[-0.3, 0.0]], [[0.0, 0.0]]), torch.Generator()
    opponents = opponents_of(PREY["flee"])
    assert isinstance(opponents, Rule)
    assert isinstance(opponents, Opponents)
    opponents.begin(torch.tensor([True]), generator)
    assert opponents.state() == {}
    opponents.load_state({})
    assert opponents(world, generator).tolist() == [[2]]


def test_opponents_stay_as_they_are() -> None:
    opponents = Counting(2)
    assert opponents_of(opponents) is opponents
    assert not isinstance(flee, Opponents)
