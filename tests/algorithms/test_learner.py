from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from marl.algorithms.configs import NoLearningConfig
from marl.algorithms.kinds import make_learner
from marl.algorithms.learner import NonFiniteError, check_finite
from marl.core.records import Observation, Rollout
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.policies.configs import RandomPolicyConfig
from marl.policies.kinds import make_policy

ROSTER = Roster((AgentClass("A", 2, ActionSpec("discrete", 2)),), (1,))


@pytest.fixture
def rollout(as_rollout: Callable[..., Rollout]) -> Rollout:
    """Three steps of two copies of one agent."""
    return as_rollout(Observation({"A": torch.zeros(3, 2, 1, 2)}, torch.ones(3, 2, 1, dtype=torch.bool)))


def test_a_rollout_in_which_all_is_finite_passes(rollout: Rollout) -> None:
    check_finite(rollout)


def test_the_quantity_in_which_it_began_is_named(rollout: Rollout) -> None:
    rollout.observation.features["A"][2, 0] = torch.inf
    with pytest.raises(NonFiniteError, match=r"^observation of class A is not finite$"):
        check_finite(rollout)
    rollout.reward[1, 1] = torch.nan  # one step earlier
    with pytest.raises(NonFiniteError, match=r"^reward is not finite$") as caught:
        check_finite(rollout)
    assert caught.value.quantity == "reward"


def test_parts_that_only_critics_see_are_checked_too(rollout: Rollout) -> None:
    entities = torch.zeros(3, 2, 1, 5)
    entities[0, 0, 0, 0] = torch.nan
    seen = replace(rollout, observation=replace(rollout.observation, entities=entities))
    with pytest.raises(NonFiniteError, match=r"^entities of the observation is not finite$"):
        check_finite(seen)


def test_an_episodes_last_observation_is_checked_too(rollout: Rollout) -> None:
    """It is the successor alone: what is acted on next begins another episode."""
    last = Observation({"A": torch.zeros(3, 2, 1, 2)}, torch.ones(3, 2, 1, dtype=torch.bool))
    last.features["A"][1, 0] = torch.nan
    ended = replace(rollout, next_observation=last)
    with pytest.raises(NonFiniteError, match=r"^next observation of class A is not finite$"):
        check_finite(ended)
    rollout.observation.features["A"][2, 0] = torch.nan  # the same moment, when it goes on
    with pytest.raises(NonFiniteError, match=r"^observation of class A is not finite$"):
        check_finite(ended)


def test_no_learning_changes_nothing_and_keeps_nothing(rollout: Rollout) -> None:
    learner = make_learner(make_policy(ROSTER, RandomPolicyConfig()), NoLearningConfig(), 0)
    assert learner.update(rollout, 0.5) == {}
    assert learner.state() == {}
    learner.load_state({})
