from __future__ import annotations

import torch
from torch import Tensor

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.policies.scripted import Scripted, random_actor

DISCRETE = AgentClass("A", 1, ActionSpec("discrete", 4))
CONTINUOUS = AgentClass("B", 1, ActionSpec("continuous", 2))
ROSTER = Roster((DISCRETE, CONTINUOUS), (2, 1))


def observation(copies: int, action_mask: dict[str, Tensor] | None = None) -> Observation:
    features = {"A": torch.zeros(copies, 2, 1), "B": torch.zeros(copies, 1, 1)}
    return Observation(features, torch.ones(copies, 3, dtype=torch.bool), action_mask)


def test_random_actions_are_uniform() -> None:
    number = 20000
    action = random_actor(ROSTER)(observation(number), torch.Generator().manual_seed(0))
    counts = action["A"].flatten().bincount(minlength=4)
    assert ((counts - number / 2).square() / (number / 2)).sum() < 16.27  # 99.9 % of chi-square, 3 degrees
    assert action["B"].shape == (number, 1, 2)
    assert action["B"].min() >= -1
    assert action["B"].max() <= 1
    assert action["B"].mean((0, 1)).abs().max() < 3.5 * 2 / (12 * number) ** 0.5
    assert (action["B"].abs() > 0.9).float().mean() > 0.09  # both ends are reached


def test_random_actions_are_legal_and_uniform_among_the_legal() -> None:
    number = 20000
    mask = torch.tensor([[True, False, True, False], [False, False, False, True]]).expand(number, 2, 4)
    action = random_actor(ROSTER)(observation(number, {"A": mask}), torch.Generator().manual_seed(0))["A"]
    counts = action[:, 0].bincount(minlength=4)
    assert counts[[1, 3]].tolist() == [0, 0]
    assert abs(int(counts[0]) - number / 2) < 3.5 * (number / 4) ** 0.5
    assert (action[:, 1] == 3).all()


def test_a_scripted_policy_acts_as_its_actor_does_and_remembers_nothing() -> None:
    policy, seen = Scripted(random_actor(ROSTER)), observation(5)
    act = policy.act(seen, policy.initial_memory(5, 3), torch.Generator().manual_seed(3))
    expected = random_actor(ROSTER)(seen, torch.Generator().manual_seed(3))
    assert act.action["A"].equal(expected["A"])
    assert act.log_prob.shape == (5, 3)
    assert act.memory is None
    assert policy.act(seen, None).action["B"].equal(policy.act(seen, None).action["B"])
