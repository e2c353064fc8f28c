"""simple_tag by its settings: what is refused, and that both simulators are the same task."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.task import SimpleTagTask, task
from marl.wrappers.rules.prey import PREY

PREY_LEARN = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators"]}}


def make(num_copies: int = 2, training: bool = False, **settings: Any) -> Any:
    return task.make(SimpleTagConfig.model_validate(settings), num_copies, training)


def test_each_side_has_its_own_numbers() -> None:
    settings = {"num_prey": 3, "num_predators": 5, "num_obstacles": 1}
    predators, prey = make(**settings), make(**PREY_LEARN, **settings)
    assert (predators.side, prey.side) == ("predators", "prey")
    # 4 predators, 3 prey, 1 obstacle; 5 predators, 1 prey, 1 obstacle
    assert predators.reset(0).entities.shape[1] == 8
    assert prey.reset(0).entities.shape[1] == 7
    assert (predators.world.num_predators, predators.world.num_prey) == (4, 3)
    assert (prey.world.num_predators, prey.world.num_prey) == (5, 1)
    # own state, what is seen, one-hot
    assert [c.feature_size for c in predators.roster.classes] == [4 + 2 + 2, 4 + 12 + 2]
    assert [c.feature_size for c in prey.roster.classes] == [4 + 20 + 1]
    assert set(predators.scripted()) == {"chase"}
    assert set(prey.scripted()) == set(PREY)


def test_the_number_of_predators_is_drawn_in_training_only() -> None:
    settings = {**PREY_LEARN, "classes": {"P": ["predators:4"]}, "training_num_predators": (2, 8)}
    training, evaluation = make(num_copies=50, training=True, **settings), make(num_copies=50, **settings)
    numbers = [tag.reset(0).entity_mask[:, 1:-2].sum(-1).tolist() for tag in (training, evaluation)]
    assert set(numbers[0]) == {2, 3, 4, 5, 6, 7, 8}
    assert set(numbers[1]) == {4}
    assert training.roster == evaluation.roster


@pytest.mark.parametrize("backend", ["batched", "pettingzoo"])
def test_disturbances_are_for_training_only(backend: str) -> None:
    settings = {
        "backend": backend,
        "prey": "still",
        "prey_noise": (1.0, 1.0),
        "communication": {"range": None, "link_loss": 0.9},
        "num_obstacles": 0,
    }
    for training in (False, True):
        tag = make(num_copies=8, training=training, **settings)
        tag.reset(0)
        moved, heard = 0, 0
        for _ in range(5):
            step = tag.step({name: torch.zeros(8, 2, dtype=torch.long) for name in "AB"})
            moved += int((step.next_observation.entities[:, 4, 2:4].norm(dim=-1) > 0.05).sum())
            heard += int(step.next_observation.adjacency.sum())
        if training:
            # a prey thrusts at four of five steps, to a speed of 0.4, which decays by a quarter a step
            assert moved > 30
            # of 480 links one in ten is left; standard error 9 as they come in pairs
            assert 10 < heard < 90
        else:
            # only prey that begin in touch with a predator are pushed
            assert moved <= 10
            assert heard == 8 * 5 * 12


def test_the_task_knows_its_settings() -> None:
    assert isinstance(task, SimpleTagTask)
    assert task.config_type is SimpleTagConfig
