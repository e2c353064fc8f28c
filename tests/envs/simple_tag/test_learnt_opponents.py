"""Saved policies as the side that does not learn, beside the same policies on the side that does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3
from pettingzoo.test import parallel_api_test, parallel_seed_test
from saved_opponents import LONE_PREY, SIDES, against, make, random_action, save

from marl.core.serialisation import load_state, save_state
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.learnt_opponents import LearntOpponents, load_opponents
from marl.policies.saved import load_policy
from marl.wrappers import AdversaryClass, ScriptedPrey
from marl.wrappers.rules.world import World


def joined(action: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat(list(action.values()), 1)


@pytest.mark.parametrize("side", ["prey", "predators"])
def test_it_plays_as_it_does_on_the_side_that_learns(side: str, saved: dict[str, Path]) -> None:
    """Two simulators in step: in one the policy is an opponent, in the other it acts by itself."""
    tag = make(against(side, saved[side]))
    chosen = torch.zeros(3, 3, dtype=torch.long)
    twin = make({**SIDES[side], "max_cycles": 100})
    twin.opponents.rule = lambda world, generator: chosen
    policy, memory = load_policy(saved[side]).policy, None
    generator, ours = torch.Generator().manual_seed(1), torch.Generator()
    tag.reset(5)
    played = []
    for time in range(21):
        if time % 7 == 0:
            # an episode begins
            memory = policy.initial_memory(3, 3)
            ours.set_state(tag.generator.get_state())
        observation = twin.set_world(tag.world.position, tag.world.velocity)
        action = random_action(tag, generator)
        chosen = joined(action)
        act = policy.act(observation, memory, ours)
        memory = act.memory
        played.append(joined(act.action))
        expected = twin.step(act.action)
        step = tag.step(action)
        assert step.ended.all() == step.ended.any() == (time % 7 == 6)
        seen, order = step.next_observation.entities[..., :4], [3, 4, 5, 0, 1, 2, 6, 7]
        assert seen.equal(expected.next_observation.entities[:, order, :4])
    assert len(torch.stack(played).unique()) == 5


def test_its_memory_is_reset_copy_by_copy(tmp_path: Path) -> None:
    # so sharp that nothing is left to chance
    folder = save(tmp_path / "sharp", {**LONE_PREY, "communication": {}}, sharpness=1e6)
    tag = make(against("prey", folder, num_prey=1), num_copies=6)
    tag.reset(0)
    tag.load_state({**tag.state(), "clock": torch.arange(6)})
    generator, remembered = torch.Generator().manual_seed(2), 0
    assert isinstance(tag.opponents, LearntOpponents)
    age = torch.zeros(6, dtype=torch.long)
    for _ in range(60):
        fresh = load_opponents(folder, "prey", 1, 3, 2)(tag.world, generator)[:, 0]
        world = tag.world
        step = tag.step(random_action(tag, generator))
        # the first thing that the present call gave is seen in how the prey was pushed
        actions = thrust(tag, world, step)
        known = actions >= 0
        assert actions[(age == 0) & known].equal(fresh[(age == 0) & known])
        remembered += int((actions != fresh)[(age > 0) & known].sum())
        age = torch.where(step.ended, 0, age + 1)
        memory = tag.opponents.memory
        assert memory is not None
        assert memory.valid[:, 0].sum(1).tolist() == age.clamp(max=4).tolist()
    assert remembered > 5


def thrust(tag: SimpleTag, before: World, step: Any) -> torch.Tensor:
    """``[B]``, the action that the only prey took; -1 where something else pushed it."""
    velocity = step.next_observation.entities[:, 3, 2:4]
    force = (velocity - 0.75 * before.prey_velocity[:, 0]) / 0.4
    table = torch.tensor([[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
    distance = (force[:, None] - table).norm(dim=-1)
    return torch.where(distance.min(1).values < 1e-3, distance.argmin(1), -1)


@pytest.mark.parametrize(("side", "backend"), [("prey", "batched"), ("prey", "pettingzoo"), ("predators", "batched")])
def test_a_loaded_state_goes_on_bit_for_bit(side: str, backend: str, saved: dict[str, Path], tmp_path: Path) -> None:
    links = {"range": 1.0, "link_loss": 0.3}
    noise = {"prey_noise": (0.0, 0.5)} if side == "prey" else {}
    settings = against(side, saved[side], backend=backend, communication=links, **noise)
    tag, other = (make(settings, num_copies=2, training=True) for _ in range(2))
    generator = torch.Generator().manual_seed(2)
    tag.reset(1)
    for _ in range(10):
        tag.step(random_action(tag, generator))
    save_state(tmp_path, "state", tag.state())
    actions = [random_action(tag, generator) for _ in range(17)]
    expected = [tag.step(action) for action in actions]
    other.reset(99)
    other.step(actions[0])
    other.load_state(load_state(tmp_path, "state"))
    for action, step in zip(actions, expected, strict=True):
        again = other.step(action)
        assert again.observation.entities.equal(step.observation.entities)
        assert again.next_observation.adjacency.equal(step.next_observation.adjacency)
        assert again.truncated.equal(step.truncated)
    assert sum(bool(step.ended.any()) for step in expected) == 2


@pytest.mark.parametrize(("side", "backend"), [("prey", "batched"), ("prey", "pettingzoo"), ("predators", "batched")])
def test_a_seed_repeats(side: str, backend: str, saved: dict[str, Path]) -> None:
    settings = against(side, saved[side], backend=backend)
    one, two, other = (list(episodes(make(settings, num_copies=2), seed)) for seed in (4, 4, 5))
    assert all(a.equal(b) for a, b in zip(one, two, strict=True))
    assert not any(a.equal(b) for a, b in zip(one, other, strict=True))


def episodes(tag: Any, seed: int) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    yield tag.reset(seed).entities
    for _ in range(16):
        yield tag.step(random_action(tag, generator)).observation.entities
    # anew in the middle of an episode
    yield tag.reset(seed).entities
    yield tag.step(random_action(tag, generator)).observation.entities


def test_a_reset_in_the_middle_of_an_episode_forgets(saved: dict[str, Path]) -> None:
    tag, untouched = (make(against("prey", saved["prey"])) for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    tag.reset(1)
    for _ in range(3):
        tag.step(random_action(tag, generator))
    assert tag.reset(2).entities.equal(untouched.reset(2).entities)
    for _ in range(5):
        action = random_action(tag, generator)
        assert tag.step(action).next_observation.entities.equal(untouched.step(action).next_observation.entities)


def test_backends_show_it_the_same_world(saved: dict[str, Path]) -> None:
    """From equal states, and with a policy that leaves nothing to chance, both simulators go on alike."""
    settings = against("prey", saved["prey"], max_cycles=50)
    slow, fast = make({**settings, "backend": "pettingzoo"}, num_copies=2), make(settings, num_copies=2)
    slow.reset(0)
    fast.reset(0)
    for opponents in (fast.opponents, *(env_prey(copy.env) for copy in slow._block.copies)):
        for actor in opponents.policy.actors.values():
            actor.network[-1].weight.data.mul_(1e6)
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        copies = slow.state()["copies"].values()
        fast.set_world(*(torch.stack([copy[name] for copy in copies]) for name in ("position", "velocity")))
        action = random_action(slow, generator)
        seen, expected = slow.step(action).next_observation, fast.step(action).next_observation
        torch.testing.assert_close(seen.entities, expected.entities, rtol=1e-4, atol=1e-5)


def env_prey(env: Any) -> LearntOpponents:
    while not isinstance(env, ScriptedPrey):
        env = env.env
    assert isinstance(env.opponents, LearntOpponents)
    return env.opponents


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
@pytest.mark.filterwarnings("error", "ignore:.*torch.jit.script:DeprecationWarning")  # of torch-geometric
def test_pettingzoo_checks_with_learnt_prey(continuous: bool, saved: dict[str, Path]) -> None:
    def wrapped() -> Any:
        env = simple_tag_v3.parallel_env(
            num_adversaries=3, num_good=3, num_obstacles=2, max_cycles=9, continuous_actions=continuous
        )
        learnt = load_opponents(saved["prey"], "prey", 3, 3, 2)
        return AdversaryClass(ScriptedPrey(env, learnt), {"A": 1, "B": 2})

    parallel_api_test(wrapped(), num_cycles=30)
    parallel_seed_test(wrapped, num_cycles=12)


def test_float64_worlds_are_seen_in_float32(saved: dict[str, Path]) -> None:
    opponents, same = (load_opponents(saved["prey"], "prey", 3, 3, 2) for _ in range(2))
    rng = np.random.default_rng(0)
    position, velocity = (torch.from_numpy(rng.uniform(-1, 1, (5, size, 2))) for size in (8, 6))
    alive = torch.ones(5, 3, dtype=torch.bool)
    generators = (torch.Generator().manual_seed(0) for _ in range(2))
    exact = opponents(World(position, velocity, alive, 3), next(generators))
    assert exact.equal(same(World(position.float(), velocity.float(), alive, 3), next(generators)))


@pytest.mark.parametrize("velocities", [True, False])
def test_what_was_trained_without_velocities_plays_without_them(velocities: bool, tmp_path: Path) -> None:
    """Two worlds differ in velocities alone; the policy hears others, whose messages carry them too."""
    folder = save(tmp_path / "prey", {**SIDES["prey"], "communication": {"range": None}, "velocities": velocities})
    places = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (5, 8, 2))).float()
    alive = torch.ones(5, 3, dtype=torch.bool)
    played = [
        load_opponents(folder, "prey", 3, 3, 2)(
            World(places, torch.full((5, 6, 2), moved), alive, 3), torch.Generator().manual_seed(0)
        )
        for moved in (0.0, 1.0)
    ]
    assert played[0].equal(played[1]) == (not velocities)
