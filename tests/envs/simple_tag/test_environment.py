"""SimpleTag against mpe2, step by step, and what mpe2 does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3
from scattered import scatter
from torch import Tensor
from torch.testing import assert_close

from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.rewards import contacts_of, prey_reward
from marl.wrappers.mpe2_world import read_world, simple_tag_of
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.prey import PREY
from marl.wrappers.rules.world import World

CLASSES = {"A": ("landmarks",), "B": ("prey",)}
EXACT = {"rtol": 0.0, "atol": 1e-9}


def make(
    team: dict[str, int],
    num_copies: int = 1,
    num_prey: int = 1,
    num_obstacles: int = 2,
    prey: Any = "still",
    graph: MessageGraph | None = None,
    **options: Any,
) -> SimpleTag:
    views = ClassViews(CLASSES, team, num_prey, num_obstacles)
    return SimpleTag(num_copies, views, graph, PREY[prey] if isinstance(prey, str) else prey, **options)


def random_action(tag: SimpleTag, generator: torch.Generator) -> dict[str, Tensor]:
    return {
        name: torch.randint(5, (tag.num_copies, agents.stop - agents.start), generator=generator)
        for name, agents in tag.roster.slices.items()
    }


def flat_observation(world: World, agent: int) -> np.ndarray:
    """mpe2's flat observation, by its documentation."""
    position, velocity = world.position[0].numpy(), world.velocity[0].numpy()
    movable, predators = len(velocity), world.num_predators
    others = [i for i in range(movable) if i != agent]
    relative = [position[i] - position[agent] for i in [*range(movable, len(position)), *others]]
    seen = [velocity[i] for i in others if i >= predators]
    return np.concatenate([velocity[agent], position[agent], *relative, *seen])


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
@pytest.mark.parametrize(
    ("predators", "prey", "obstacles", "steps"),
    [(1, 1, 0, 1000), (2, 3, 1, 300), (4, 1, 2, 300), (4, 3, 3, 300), (9, 3, 4, 300)],
)
def test_each_step_equals_mpe2(predators: int, prey: int, obstacles: int, steps: int, continuous: bool) -> None:
    """Few agents meet seldom, so they play for longer: two for 50 beginnings in a crowd, more for 15."""
    options = {"num_adversaries": predators, "num_good": prey, "num_obstacles": obstacles}
    env = simple_tag_v3.parallel_env(**options, max_cycles=2000, continuous_actions=continuous)
    env.reset(seed=predators)
    rng, chosen = np.random.default_rng(7), torch.zeros(1, prey, dtype=torch.long)
    tag = make(
        {"A": predators},
        num_prey=prey,
        num_obstacles=obstacles,
        prey=lambda world, generator: chosen,
        max_cycles=2000,
        continuous_actions=continuous,
        dtype=torch.float64,
    )
    raw, contacts = simple_tag_of(env), 0.0
    for time in range(steps):
        if time % 20 == 0:
            scatter(env, rng, width=0.4)
        before = read_world(env)
        tag.set_world(before.position, before.velocity)
        prey_action = rng.integers(5, size=prey)
        chosen = torch.from_numpy(prey_action)[None]
        # -1 and 1 stand for mpe2's 0 and 1; cubed, so that differences of float32 round
        action = 2 * rng.random((predators, 5), np.float32) ** 3 - 1 if continuous else rng.integers(5, size=predators)
        played = np.eye(5, dtype=np.float32)[prey_action] if continuous else prey_action
        _, reward, *_ = env.step(
            dict(zip(env.agents, [*((action + 1) / 2 if continuous else action), *played], strict=True))
        )
        step = tag.step({"A": torch.from_numpy(action)[None]})

        assert_close(tag.world.position, read_world(env).position, **EXACT)
        assert_close(tag.world.velocity, read_world(env).velocity, **EXACT)
        expected = torch.tensor(list(reward.values()), dtype=torch.float64)
        assert_close(step.reward[0], expected[:predators], **EXACT)
        assert_close(prey_reward(tag.world, contacts_of(tag.world))[0], expected[predators:], **EXACT)
        for i, agent in enumerate(raw.world.agents):
            observed = raw.scenario.observation(agent, raw.world)
            np.testing.assert_allclose(flat_observation(tag.world, i), observed, rtol=0, atol=1e-9)
        contacts += step.info["contacts"].sum()
    assert contacts > 10  # so that those were compared, too


def test_absent_agents_change_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    graph = MessageGraph(range=0.8)
    options = {"num_copies": 3, "prey": "flee", "graph": graph, "dtype": torch.float64, "max_cycles": 1000}
    full = make({"A": 2, "B": 2}, compositions=torch.tensor([[1, 1]]), **options)
    small = make({"A": 1, "B": 1}, **options)
    there, kept = [0, 2], [0, 2, 4, 5, 6]
    contacts = 0.0
    for time in range(300):
        if time % 15 == 0:
            # close to the origin, where absent agents are kept
            position = torch.rand(3, 5, 2, generator=generator, dtype=torch.float64) * 0.5 - 0.25
            velocity = torch.rand(3, 3, 2, generator=generator, dtype=torch.float64) - 0.5
            small.set_world(position, velocity)
            padded = torch.full((3, 7, 2), 9.0, dtype=torch.float64)
            padded[:, kept] = position
            moving = torch.full((3, 5, 2), 9.0, dtype=torch.float64)
            moving[:, [0, 2, 4]] = velocity
            full.set_world(padded, moving)
        action = random_action(full, generator)
        a, b = full.step(action), small.step({name: chosen[:, :1] for name, chosen in action.items()})
        seen, expected = a.next_observation, b.next_observation
        assert_close(full.world.position[:, kept], small.world.position, **EXACT)
        assert_close(full.world.velocity[:, [0, 2, 4]], small.world.velocity, **EXACT)
        assert_close(a.reward[:, there], b.reward, **EXACT)
        assert_close(a.info["contacts"][:, there], b.info["contacts"], **EXACT)
        assert_close(a.info["links"][:, there], b.info["links"], **EXACT)
        assert_close(seen.entities[:, kept], expected.entities, **EXACT)
        assert seen.adjacency[:, there][:, :, there].equal(expected.adjacency)
        assert not seen.adjacency[:, [1, 3]].any()
        assert not seen.adjacency[:, :, [1, 3]].any()
        assert seen.entity_mask[:, [1, 3]].logical_not().all()
        for name in "AB":
            assert_close(seen.features[name][:, :1], expected.features[name], **EXACT)
        assert not a.reward[:, [1, 3]].any()
        assert a.terminated.tolist() == [[False, True, False, True]] * 3
        contacts += b.info["contacts"].sum()
    assert contacts > 0


def test_absent_teammates_are_seen_as_zeros() -> None:
    views = ClassViews({"C": ("teammates",)}, {"C": 3}, 1, 0)
    tag = SimpleTag(1, views, None, PREY["still"], compositions=torch.tensor([[2]]))
    features = tag.reset(0).features["C"][0, 0]
    offset = tag.world.position[0, 1] - tag.world.position[0, 0]
    assert features[4:].tolist() == [*offset.tolist(), 0, 0, 0, 0, 0, 0, 1]


def test_auto_reset_keeps_the_true_successor() -> None:
    cut, uncut = (make({"A": 1, "B": 1}, num_copies=4, max_cycles=cycles) for cycles in (5, 6))
    cut.reset(3)
    uncut.reset(3)
    generator = torch.Generator().manual_seed(1)
    for time in range(5):
        action = random_action(cut, generator)
        step, expected = cut.step(action), uncut.step(action)
        assert step.truncated.all() == (time == 4)
        assert not step.terminated.any()
        assert step.ended.all() == (time == 4)
        assert step.next_observation.entities.equal(expected.next_observation.entities)
    assert not step.observation.entities.equal(step.next_observation.entities)
    assert not step.observation.kinematics[..., 2:].any()
    assert step.observation.entities.equal(cut.observe().entities)
    assert [bool(cut.step(action).truncated.any()) for _ in range(5)] == [False] * 4 + [True]


def test_only_copies_that_end_begin_anew() -> None:
    tag = make({"A": 2}, num_copies=2, max_cycles=5, graph=MessageGraph(link_loss=0.5))
    tag.reset(0)
    tag.load_state({**tag.state(), "clock": torch.tensor([4, 0])})
    step = tag.step({"A": torch.ones(2, 2, dtype=torch.long)})
    assert step.ended.tolist() == [True, False]
    kept, successor = step.observation.index(1), step.next_observation.index(1)
    assert kept.entities.equal(successor.entities)
    assert kept.adjacency.equal(successor.adjacency)


def test_a_seed_repeats_and_copies_differ() -> None:
    one, two = (make({"A": 2}, num_copies=3, prey="random") for _ in range(2))
    first, same, other = one.reset(5), two.reset(5), make({"A": 2}, num_copies=3).reset(6)
    assert first.entities.equal(same.entities)
    assert not first.entities.equal(other.entities)
    assert not first.entities[0].equal(first.entities[1])
    action = {"A": torch.ones(3, 2, dtype=torch.long)}
    for _ in range(30):
        assert one.step(action).observation.entities.equal(two.step(action).observation.entities)


def test_a_loaded_state_goes_on_bit_for_bit() -> None:
    options = {"num_copies": 2, "prey": "random", "graph": MessageGraph(link_loss=0.4), "max_cycles": 7}
    tag, other = make({"A": 2, "B": 1}, **options), make({"A": 2, "B": 1}, **options)
    generator = torch.Generator().manual_seed(2)
    tag.reset(1)
    for _ in range(4):
        tag.step(random_action(tag, generator))
    state = tag.state()
    actions = [random_action(tag, generator) for _ in range(20)]
    expected = [tag.step(action) for action in actions]
    other.reset(99)
    other.load_state(state)
    for action, step in zip(actions, expected, strict=True):
        again = other.step(action)
        assert again.observation.entities.equal(step.observation.entities)
        assert again.next_observation.adjacency.equal(step.next_observation.adjacency)
        assert again.truncated.equal(step.truncated)


# Contacts per 100-step episode of four predators and one prey, two obstacles, measured elsewhere.
@pytest.mark.parametrize(
    ("policy", "prey", "expected"), [("chase", "random", 29.8), ("chase", "flee", 9.8), ("random", "random", 1.5)]
)
def test_contacts_of_reference_policies(policy: str, prey: str, expected: float) -> None:
    tag = make({"A": 2, "B": 2}, num_copies=1024, prey=prey)
    generator = torch.Generator().manual_seed(4)
    observation, contacts = tag.reset(11), torch.zeros(1024)
    for _ in range(100):
        action = tag.scripted()["chase"](observation, generator) if policy == "chase" else random_action(tag, generator)
        step = tag.step(action)
        observation, contacts = step.observation, contacts + step.info["contacts"].sum(-1)
    assert step.truncated.all()
    standard_error = contacts.std() / 1024**0.5
    # the references are rounded, and means of samples too
    assert abs(contacts.mean() - expected) < 4 * standard_error + 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_copies": 0}, "num_copies is 0"),
        ({"max_cycles": 0}, "max_cycles 0"),
        ({"compositions": torch.tensor([[3, 0]])}, "at most \\(2, 2\\)"),
        ({"compositions": torch.tensor([[0, 0]])}, "at least one in all"),
        ({"compositions": torch.tensor([1, 1])}, "give rows of at most"),
        ({"compositions": torch.zeros(0, 2)}, "give rows of at most"),
    ],
)
def test_bad_input_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make({"A": 2, "B": 2}, **options)


def test_scene_shows_what_is_there() -> None:
    tag = make({"A": 1, "B": 2}, graph=MessageGraph(range=0.5), compositions=torch.tensor([[1, 1]]))
    # absent third predator; the two present ones 0.3 apart, the second on the prey
    position = torch.tensor([[[0, 0], [0.3, 0], [0, 0], [0.4, 0], [1, 1], [-1, -1]]])
    tag.set_world(position, torch.zeros(1, 4, 2))
    scene = tag.scene()
    assert [disc[3] for disc in scene.discs] == ["A", "B", "prey", "obstacle", "obstacle"]
    assert [disc[2] for disc in scene.discs] == [0.075, 0.075, 0.05, 0.2, 0.2]
    assert scene.links == ((0, 1), (1, 0))
    assert scene.contacts == (1,)
    assert scene.range == 0.5


def test_the_scene_of_an_end_is_that_before_the_next_begins() -> None:
    """One step of 0.1 s in which nobody is pushed or near another."""
    tag = make({"A": 1}, max_cycles=1)
    tag.reset(0)
    place = torch.tensor([[[0.5, 0.25], [-0.5, -0.5], [5, 5], [-5, -5]]])
    tag.set_world(place, torch.zeros(1, 2, 2))
    tag.step({"A": torch.zeros(1, 1, dtype=torch.long)})
    assert tag.scene(at_end=True).discs[0][:2] == (0.5, 0.25)
    assert tag.scene().discs[0][:2] != (0.5, 0.25)


def test_what_the_predators_brought_adds_up_to_the_teams_reward() -> None:
    tag = make({"A": 1, "B": 2}, num_copies=2)
    # the first two predators are on the prey in the first copy, nobody in the second
    near = [[0.0, 0.1], [0.0, -0.1], [5, 5], [0, 0], [-5, 5], [-5, -5]]
    far = [[3.0, 3.0], [3.0, -3.0], [5, 5], [0, 0], [-5, 5], [-5, -5]]
    tag.set_world(torch.tensor([near, far]), torch.zeros(2, 4, 2))
    step = tag.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    assert step.earned.tolist() == [[10.0, 10.0, 0.0], [0.0] * 3]
    assert step.reward.tolist() == [[20.0] * 3, [0.0] * 3]
