"""Communication ranges that are drawn for each training episode, on both backends."""

from __future__ import annotations

import pytest
import torch

from marl.core.environment import Environment
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.task import task

STAY = {"A": torch.zeros(64, 1, dtype=torch.long), "B": torch.zeros(64, 1, dtype=torch.long)}


def environment(backend: str, training: bool) -> Environment:
    """64 copies in which nobody moves, with ranges from 0 to 2 in training and 9 else."""
    config = SimpleTagConfig.model_validate(
        {
            "backend": backend,
            "team": {"A": 1, "B": 1},
            "prey": "still",
            "num_obstacles": 0,
            "max_cycles": 3,
            "communication": {"range": 9.0, "training_range": (0.0, 2.0)},
        }
    )
    return task.make(config, 64, training=training)


@pytest.mark.parametrize("backend", ["batched", "pettingzoo"])
def test_a_range_holds_for_an_episode_and_is_drawn_in_training_only(backend: str) -> None:
    made = environment(backend, training=True)
    first = made.reset(0)
    assert first.adjacency is not None
    share = first.adjacency[:, 0, 1].float().mean()
    # two random points are 1.04 apart on average, so 1 - 1.04 / 2 of the ranges reach; standard error 0.062
    assert abs(share - 0.48) < 0.22
    for _ in range(2):
        step = made.step(STAY)
        assert step.next_observation.adjacency is not None
        # only who begins in touch is pushed, 2 pairs in 100; ranges drawn anew would change a link in three
        assert (step.next_observation.adjacency == first.adjacency).all((1, 2)).float().mean() > 0.9
    free = environment(backend, training=False).reset(0)
    assert free.adjacency is not None
    assert free.adjacency[:, 0, 1].all()


def test_the_drawn_ranges_are_kept_in_the_state() -> None:
    made, other = environment("batched", training=True), environment("batched", training=True)
    made.reset(0)
    other.reset(1)
    other.load_state(made.state())
    for _ in range(7):
        mine, its = made.step(STAY).observation, other.step(STAY).observation
        assert mine.adjacency is not None
        assert its.adjacency is not None
        assert mine.adjacency.equal(its.adjacency)
