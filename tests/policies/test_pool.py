from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.policies.configs import RandomPolicyConfig
from marl.policies.policy import Act, Policy
from marl.policies.pool import Pool

COPIES, AGENTS = 400, 2


class Same(Policy):
    """Always takes one action; the memory counts the steps of the episode in its last entry, if it has one."""

    def __init__(self, roster: Roster, action: int, window: int) -> None:
        super().__init__(roster, RandomPolicyConfig())
        self.register_buffer("nothing", torch.zeros(()))
        self.action, self.window = action, window

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        empty = torch.zeros(num_copies, num_agents, 1, self.window, 1)
        return Memory(empty, empty.clone(), empty[:, :, 0, :, 0].bool()) if self.window else None

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        if memory is not None:
            steps = torch.where(memory.valid[:, :, -1], memory.keys[:, :, 0, -1, 0], 0.0) + 1
            keys, valid = memory.keys.clone(), memory.valid.clone()
            keys[:, :, 0, -1, 0], valid[:, :, -1] = steps, True
            memory = Memory(keys, memory.values, valid)
        chosen = {name: torch.full(x.shape[:-1], self.action) for name, x in observation.features.items()}
        return Act.of(observation, chosen, memory=memory)


@pytest.fixture
def seen(make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]) -> Observation:
    return make_observation(make_roster(AGENTS, 0), COPIES)


@pytest.fixture
def pool(make_roster: Callable[..., Roster]) -> Pool:
    roster = make_roster(AGENTS, 0)
    return Pool(roster, RandomPolicyConfig(), [Same(roster, 0, 0), Same(roster, 1, 3), Same(roster, 2, 2)])


def played(act: Act) -> Tensor:
    """Number of the policy that acted in each copy; it is the same for all agents."""
    assert act.action["A"][:, 0].equal(act.action["A"][:, 1])
    return act.action["A"][:, 0]


def test_one_of_the_pool_plays_an_episode_to_its_end(pool: Pool, seen: Observation) -> None:
    generator = torch.Generator().manual_seed(0)
    memory: Any = pool.initial_memory(COPIES, AGENTS)
    first = pool.act(seen, memory, generator)
    counts = torch.bincount(played(first), minlength=3)
    assert counts.min() > 0.25 * COPIES  # a third each, and five deviations of that are 0.12
    second = pool.act(seen, first.memory, generator)
    assert played(second).equal(played(first))
    assert second.memory is not None
    ended = torch.arange(COPIES) < COPIES // 2
    third = pool.act(seen, second.memory.reset(ended), generator)
    same = played(third) == played(first)
    assert bool(same[~ended].all())
    assert 0.15 < float(same[ended].float().mean()) < 0.55
    # who remembers has counted its own steps: three in episodes that go on, one in those that began
    assert third.memory is not None
    steps = third.memory.keys[:, 0, 0, -1, 0]
    remembers = played(third) > 0
    assert steps[remembers & ~ended].unique().tolist() == [3]
    assert steps[remembers & ended].unique().tolist() == [1]


def test_outside_training_the_last_one_plays(pool: Pool, seen: Observation) -> None:
    pool.eval()
    act = pool.act(seen, None, torch.Generator().manual_seed(0))
    assert played(act).unique().tolist() == [2]
    assert not any(policy.training for policy in pool.train().policies)


def test_a_pool_without_memory_keeps_its_choice(make_roster: Callable[..., Roster], seen: Observation) -> None:
    roster = make_roster(AGENTS, 0)
    pool = Pool(roster, RandomPolicyConfig(), [Same(roster, 0, 0), Same(roster, 1, 0)])
    generator = torch.Generator().manual_seed(0)
    first = pool.act(seen, pool.initial_memory(COPIES, AGENTS), generator)
    assert played(first).unique().tolist() == [0, 1]
    assert played(pool.act(seen, first.memory, generator)).equal(played(first))
