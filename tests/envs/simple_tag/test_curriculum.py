"""Stages of training, and when the next begins."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.curriculum import Curriculum, Stage, seats
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.task import task

CPU = torch.device("cpu")


def three_stages(episodes: int = 4, num_copies: int = 2) -> Curriculum:
    """Two compositions; the first alone, then both, then the second."""
    stages = [
        Stage(torch.tensor([True, False]), 0.5, until=3.0),
        Stage(torch.tensor([True, True]), 0.75, until=1.0),
        Stage(torch.tensor([False, True]), 1.0),
    ]
    return Curriculum(stages, episodes, num_copies, CPU)


def episode(curriculum: Curriculum, contacts: list[float]) -> None:
    """One episode of two steps in every copy; all contacts happen at the first."""
    over = torch.tensor([True] * len(contacts))
    curriculum.count(torch.tensor(contacts), ~over)
    curriculum.count(torch.zeros(len(contacts)), over)
    curriculum.begin(over)


def test_the_next_stage_begins_when_the_mean_of_enough_episodes_is_reached() -> None:
    curriculum = three_stages()
    assert curriculum.prey_speed.tolist() == [0.5, 0.5]
    episode(curriculum, [9, 9])  # two episodes are not four
    assert curriculum.metrics == {"curriculum/stage": 1, "curriculum/contacts": 9}
    episode(curriculum, [0, 0])
    assert curriculum.metrics == {"curriculum/stage": 2, "curriculum/contacts": 0}  # (9 + 9 + 0 + 0) / 4 is over 3
    assert curriculum.prey_speed.tolist() == [0.75, 0.75]
    for contacts in ([0, 3], [0, 0]):
        episode(curriculum, contacts)  # 3 / 4 is below 1
    assert curriculum.metrics == {"curriculum/stage": 2, "curriculum/contacts": 0.75}
    episode(curriculum, [0, 4])  # only the latest four count: 0, 0, 0, 4
    assert curriculum.metrics["curriculum/stage"] == 3
    for _ in range(5):
        episode(curriculum, [9, 9])
    assert curriculum.metrics == {"curriculum/stage": 3, "curriculum/contacts": 9}


def test_an_episode_ends_in_the_stage_in_which_it_began() -> None:
    curriculum = three_stages(episodes=1)
    first = torch.tensor([True, False])
    curriculum.count(torch.tensor([5.0, 5.0]), first)
    curriculum.begin(first)
    assert curriculum.present == 1
    assert curriculum.prey_speed.tolist() == [0.75, 0.5]
    curriculum.count(torch.tensor([0.0, 5.0]), ~first)  # the second copy's 10 contacts belong to the first stage
    assert curriculum.present == 1


def test_each_stage_draws_its_own_teams() -> None:
    curriculum = three_stages(num_copies=400)
    generator = torch.Generator().manual_seed(0)
    everywhere = torch.ones(400, dtype=torch.bool)
    shares = []
    for stage in range(3):
        curriculum.present = stage
        curriculum.begin(everywhere)
        shares.append(curriculum.draw(generator).float().mean().item())
    assert shares[0] == 0
    assert 0.4 < shares[1] < 0.6  # one of two teams in 400 copies: standard error 0.025
    assert shares[2] == 1


def test_the_stage_is_kept_in_the_state() -> None:
    curriculum, other = three_stages(), three_stages()
    episode(curriculum, [9, 9])
    episode(curriculum, [9, 9])
    episode(curriculum, [0, 0])
    curriculum.count(torch.tensor([2.0, 0.0]), torch.tensor([False, False]))
    other.load_state(curriculum.state())
    for each in (curriculum, other):
        episode(each, [0, 0])
        assert each.metrics == {"curriculum/stage": 2, "curriculum/contacts": 0.5}  # (0 + 0 + 2 + 0) / 4
        episode(each, [1, 1])
        assert each.metrics == {"curriculum/stage": 3, "curriculum/contacts": 0}  # (2 + 0 + 1 + 1) / 4


def test_one_stage_tells_nothing() -> None:
    curriculum = Curriculum([Stage(torch.tensor([True]))], 1, 2, CPU)
    episode(curriculum, [9, 9])
    assert curriculum.metrics == {}


def test_the_first_of_each_class_are_there() -> None:
    assert seats((2, 3), torch.tensor([[1, 2], [0, 3]])).tolist() == [
        [True, False, True, True, False],
        [False, False, True, True, True],
    ]
    assert seats((1, 1), None).tolist() == [[True, True]]


APART = torch.tensor([[[-5.0, float(i)] for i in range(4)] + [[0.0, 0.0], [-9.0, -9.0], [-9.0, 9.0]]] * 4)
"""Four predators on the left, the prey in the middle, two obstacles out of the way."""

CURRICULUM = {
    "episodes": 4,
    "stages": [{"prey_speed": 0.5, "teams": ["B=1"], "until": 0.0}, {"prey_speed": 0.75}],
}


def make(training: bool = True) -> SimpleTag:
    config = SimpleTagConfig.model_validate({"max_cycles": 30, "curriculum": CURRICULUM})
    made = task.make(config, 4, training=training)
    assert isinstance(made, SimpleTag)
    return made


def top_speed(tag: SimpleTag) -> list[float]:
    """The prey's speed after 20 steps to the right, in each copy."""

    def run(world: Any, generator: torch.Generator) -> Tensor:
        return torch.full((4, 1), 2)

    tag.opponents.rule = run  # type: ignore[attr-defined]
    tag.set_world(APART, torch.zeros(4, 5, 2))
    stay = {name: torch.zeros(4, 2, dtype=torch.long) for name in "AB"}
    for _ in range(20):
        tag.step(stay)
    return tag.world.prey_velocity[:, 0, 0].tolist()


def test_prey_are_as_slow_as_the_stage_says_and_teams_as_it_names() -> None:
    tag = make()
    assert tag.reset(0).alive.tolist() == [[False, False, True, False]] * 4
    # thrust 4 s against friction: 0.4 s / 0.25 = 1.6 s, above the largest speed 1.3 s
    assert top_speed(tag) == pytest.approx([0.65] * 4)
    for _ in range(10):
        step = tag.step({name: torch.zeros(4, 2, dtype=torch.long) for name in "AB"})
    assert step.observation.alive.all()  # no contacts are enough
    assert tag.metrics == {"curriculum/stage": 2, "curriculum/contacts": 0}
    assert top_speed(tag) == pytest.approx([0.975] * 4)


def test_predators_are_never_slowed() -> None:
    tag = make()
    tag.reset(0)
    tag.set_world(APART, torch.zeros(4, 5, 2))
    for _ in range(25):
        tag.step({name: torch.ones(4, 2, dtype=torch.long) for name in "AB"})
    assert tag.world.predator_velocity[0, 2, 0].item() == pytest.approx(-1.0)


def test_there_is_no_curriculum_in_evaluation() -> None:
    tag = make(training=False)
    assert tag.reset(0).alive.all()
    assert top_speed(tag) == pytest.approx([1.3] * 4)
    assert tag.metrics == {}
