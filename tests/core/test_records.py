from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from marl.core.record_fields import stack
from marl.core.records import Memory, Observation, Rollout, Step
from marl.core.roster import Roster
from marl.core.serialisation import record_of, state_of


def counted(start: int = 0) -> Observation:
    """Two copies of two agents; every number tells its place."""
    return Observation(
        features={"A": torch.arange(start, start + 4.0).view(2, 2, 1)},
        alive=torch.tensor([[True, False], [True, True]]),
        adjacency=torch.tensor([[False, True], [True, False]]).expand(2, 2, 2),
    )


def test_without_messages_only_the_links_go() -> None:
    observation = counted()
    silent = observation.without_messages()
    assert silent.adjacency is not None
    assert not silent.adjacency.any()
    assert silent.features is observation.features
    assert observation.adjacency is not None
    assert observation.adjacency.any()
    assert Observation(observation.features, observation.alive).without_messages().adjacency is None


def test_those_alive_are_to_move_unless_it_is_said_whose_turn_it_is() -> None:
    observation = counted()
    assert observation.to_move is observation.alive
    acting = torch.tensor([[True, False], [False, True]])
    in_turns = replace(observation, acting=acting)
    assert in_turns.to_move is acting
    assert stack([in_turns, in_turns]).index(1).to_move.equal(acting)
    assert record_of(Observation, state_of(in_turns)).to_move is acting


def test_a_copy_has_ended_once_nobody_goes_on() -> None:
    observation = counted()
    terminated = torch.tensor([[True, False], [True, True], [False, False]])
    truncated = torch.tensor([[False, True], [False, False], [True, False]])
    step = Step(observation, observation, torch.zeros(3, 2), terminated, truncated, {})
    assert step.ended.tolist() == [True, True, False]


def test_a_reset_forgets_in_the_copies_named() -> None:
    memory = Memory(torch.ones(2, 1, 1, 3, 4), torch.ones(2, 1, 1, 3, 4), torch.ones(2, 3, dtype=torch.bool))
    assert memory.reset(torch.tensor([True, False])).valid.tolist() == [[[False] * 3], [[True] * 3]]
    assert memory.valid.all()


def test_a_memory_that_an_earlier_version_stored_is_the_same_for_all_agents() -> None:
    cache = torch.ones(2, 4, 1, 3, 5)
    valid = torch.tensor([[False, True, True], [False, False, True]])
    assert Memory(cache, cache, valid).valid.tolist() == [[row] * 4 for row in valid.tolist()]


def test_copies_of_a_rollout_take_the_copy_axis_of_every_field(
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    make_memory: Callable[..., Memory],
    as_rollout: Callable[..., Rollout],
) -> None:
    roster = make_roster(1, 1)
    observation = make_observation(roster, 3, 4)
    memory = make_memory(4, 2, 1, 5, 6)
    started = torch.tensor([False, True, False, True]).expand(3, 4)
    chosen = as_rollout(observation, memory, started=started).copies(torch.tensor([3, 0]))
    assert chosen.observation.features["A"].equal(observation.features["A"][:, [3, 0]])
    assert chosen.reward.shape == (3, 2, 2)
    assert chosen.started.tolist() == [[True, False]] * 3
    assert chosen.memory is not None
    assert chosen.memory.keys.equal(memory.keys[[3, 0]])
