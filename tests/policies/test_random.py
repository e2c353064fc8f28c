from __future__ import annotations

import torch

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.policies.configs import RandomPolicyConfig
from marl.policies.random import RandomPolicy

DISCRETE = AgentClass("A", 1, ActionSpec("discrete", 4))
CONTINUOUS = AgentClass("B", 1, ActionSpec("continuous", 2))
ROSTER = Roster((DISCRETE, CONTINUOUS), (2, 1))


def test_it_draws_evenly_among_the_legal_and_explores_always() -> None:
    """Its draws are those of the reference; here the mask leaves two actions, each taken half the time."""
    number = 10_000
    features = {"A": torch.zeros(number, 2, 1), "B": torch.zeros(number, 1, 1)}
    mask = {"A": torch.tensor([True, False, False, True]).expand(number, 2, 4)}
    observation = Observation(features, torch.ones(number, 3, dtype=torch.bool), mask)
    policy = RandomPolicy(ROSTER, RandomPolicyConfig())
    act = policy.act(observation, policy.initial_memory(number, 3), torch.Generator().manual_seed(0))
    counts = act.action["A"].flatten().bincount(minlength=4)
    assert counts[[1, 2]].tolist() == [0, 0]
    assert abs(int(counts[0]) - number) < 3.5 * (number / 2) ** 0.5  # of 20,000
    assert act.action["B"].shape == (number, 1, 2)
    assert not act.log_prob.any() and act.memory is None
    assert policy.exploration == 1.0


def test_it_has_a_device_without_parameters() -> None:
    policy = RandomPolicy(ROSTER, RandomPolicyConfig())
    assert not list(policy.parameters())
    assert policy.device == torch.device("cpu")
    assert policy.to("meta").device == torch.device("meta")


def test_draws_are_the_generators_and_without_one_always_the_same() -> None:
    features = {"A": torch.zeros(9, 2, 1), "B": torch.zeros(9, 1, 1)}
    observation = Observation(features, torch.ones(9, 3, dtype=torch.bool))
    policy, generator = RandomPolicy(ROSTER, RandomPolicyConfig()), torch.Generator().manual_seed(0)
    first, again = (policy.act(observation, None).action["B"] for _ in range(2))
    assert first.equal(again)
    first, second = (policy.act(observation, None, generator).action["B"] for _ in range(2))
    assert not first.equal(second)
