"""SimpleTag where the prey learn: against mpe2, and what mpe2 does not have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3
from scattered import scatter
from torch.testing import assert_close

from marl.core.records import Observation
from marl.envs.simple_tag.environment import SimpleTag
from marl.wrappers.mpe2_world import read_world, simple_tag_of
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY, PreyNoise

CLASSES = {"P": ("landmarks", "predators"), "Q": ("teammates",)}
EXACT = {"rtol": 0.0, "atol": 1e-9}


def make(
    team: dict[str, int],
    num_copies: int = 1,
    num_predators: int = 2,
    num_obstacles: int = 0,
    predators: str = "still",
    graph: MessageGraph | None = None,
    **options: Any,
) -> SimpleTag:
    views = ClassViews(CLASSES, team, num_predators, num_obstacles, options.pop("frame", "relative"))
    rule = PREDATORS[predators] if isinstance(predators, str) else predators
    return SimpleTag(num_copies, views, graph, rule, "prey", **options)


def place(
    tag: SimpleTag, predators: list[list[float]], prey: list[list[float]], obstacles: Sequence[list[float]] = ()
) -> Observation:
    """Set all positions, with velocities 0."""
    position = torch.tensor([[*predators, *prey, *obstacles]]).expand(tag.num_copies, -1, -1)
    return tag.set_world(position, torch.zeros(tag.num_copies, len(predators) + len(prey), 2))


def stay(tag: SimpleTag) -> dict[str, torch.Tensor]:
    return {
        name: torch.zeros(tag.num_copies, agents.stop - agents.start, dtype=torch.long)
        for name, agents in tag.roster.slices.items()
    }


def prey_features(env: Any, index: int, frame: str) -> np.ndarray:
    """The features of a prey of class P, from mpe2's own observation of it.

    That is its velocity, its position, and relative to it the landmarks and all others; velocities
    of predators are not in it.
    """
    raw = simple_tag_of(env)
    agent, predators = raw.world.agents[index], [other for other in raw.world.agents if other.adversary]
    seen, landmarks = raw.scenario.observation(agent, raw.world), 2 * len(raw.world.landmarks)
    velocity, position, around = seen[:2], seen[2:4], seen[4:]
    moving = [(other.state.p_vel - velocity) if frame == "relative" else other.state.p_vel for other in predators]
    shift = np.zeros(2) if frame == "relative" else position
    places = around[: landmarks + 2 * len(predators)].reshape(-1, 2) + shift
    opponents = np.concatenate([places[landmarks // 2 :], np.array(moving)], 1)
    return np.concatenate([position, velocity, places[: landmarks // 2].ravel(), opponents.ravel(), [1, 0]])


@pytest.mark.parametrize("frame", ["relative", "absolute"])
@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
@pytest.mark.parametrize(("predators", "prey", "obstacles"), [(1, 1, 0), (4, 1, 2), (4, 3, 3)])
def test_each_step_equals_mpe2(predators: int, prey: int, obstacles: int, continuous: bool, frame: str) -> None:
    options = {"num_adversaries": predators, "num_good": prey, "num_obstacles": obstacles}
    env = simple_tag_v3.parallel_env(**options, max_cycles=2000, continuous_actions=continuous)
    env.reset(seed=predators)
    rng, chosen = np.random.default_rng(5), torch.zeros(1, predators, dtype=torch.long)
    tag = make(
        {"P": prey},
        num_predators=predators,
        num_obstacles=obstacles,
        predators=lambda world, generator: chosen,
        max_cycles=2000,
        continuous_actions=continuous,
        dtype=torch.float64,
        frame=frame,
    )
    raw, contacts, outside = simple_tag_of(env), 0.0, 0
    for time in range(150):
        if time % 10 == 0:
            scatter(env, rng, width=0.1 if time % 20 else 1.3)
        before = read_world(env)
        tag.set_world(before.position, before.velocity)
        hunters = rng.integers(5, size=predators)
        chosen = torch.from_numpy(hunters)[None]
        # -1 and 1 stand for mpe2's 0 and 1
        action = 2 * rng.random((prey, 5), np.float32) ** 3 - 1 if continuous else rng.integers(5, size=prey)
        played = np.eye(5, dtype=np.float32)[hunters] if continuous else hunters
        _, reward, *_ = env.step(
            dict(zip(env.agents, [*played, *((action + 1) / 2 if continuous else action)], strict=True))
        )
        step = tag.step({"P": torch.from_numpy(action)[None]})

        assert_close(tag.world.position, read_world(env).position, **EXACT)
        assert_close(tag.world.velocity, read_world(env).velocity, **EXACT)
        expected = torch.tensor(list(reward.values()), dtype=torch.float64)[predators:]
        assert_close(step.reward[0], expected, **EXACT)
        hunted, hunting = raw.world.agents[predators:], raw.world.agents[:predators]
        touching = [sum(raw.scenario.is_collision(one, other) for other in hunting) for one in hunted]
        assert step.info["contacts"][0].tolist() == touching
        features = step.next_observation.features["P"][0]
        for i in range(prey):
            np.testing.assert_allclose(features[i], prey_features(env, predators + i, frame), rtol=0, atol=1e-9)
        contacts += sum(touching)
        outside += int((expected < 0).sum()) - sum(count > 0 for count in touching)
    assert contacts >= 4
    assert outside > 5


def test_rewards_and_contacts_by_hand() -> None:
    tag = make({"P": 2, "Q": 1}, num_predators=3)
    # reach 0.125: two predators on the first prey, none on the second, one on the third; no push at rest
    # moves anything before the next step. The second is at 0.95 in x: (0.95 - 0.9) * 10; the third
    # at -1.5 in y: exp(2 * 1.5 - 2)
    place(tag, [[0.1, 0.0], [-0.1, 0.0], [0.0, -1.6]], [[0.0, 0.0], [0.95, 0.0], [0.0, -1.5]])
    step = tag.step(stay(tag))
    assert step.info["contacts"].tolist() == [[2.0, 0.0, 1.0]]
    expected = [-20.0, -0.5, -10.0 - math.e]
    assert_close(step.reward, torch.tensor([expected]))


def test_predators_chase_and_prey_accelerate_by_hand() -> None:
    tag = make({"P": 2}, num_predators=2, predators="chase")
    place(tag, [[-1.0, 0.0], [0.5, 0.9]], [[0.0, 0.0], [0.5, 0.2]])
    step = tag.step({"P": torch.tensor([[0, 2]])})
    # thrust 3 of predators and 4 of prey over 0.1 s; the second predator's nearest prey is below it
    expected = torch.tensor([[[0.3, 0.0], [0.0, -0.3], [0.0, 0.0], [0.4, 0.0]]])
    assert_close(tag.world.velocity, expected)
    assert_close(step.observation.kinematics[0, 1], torch.tensor([0.5, 0.2, 0.4, 0.0]))


def test_the_critics_table_has_the_prey_first() -> None:
    tag = make({"P": 1, "Q": 1}, num_predators=1, num_obstacles=1)
    observation = place(tag, [[1.0, 2.0]], [[3.0, 4.0], [1.0, 0.5]], [[7.0, 8.0]])
    expected = [
        [3.0, 4.0, 0.0, 0.0, 1, 0, 0, 0],
        [1.0, 0.5, 0.0, 0.0, 0, 1, 0, 0],
        [1.0, 2.0, 0.0, 0.0, 0, 0, 1, 0],
        [7.0, 8.0, 0.0, 0.0, 0, 0, 0, 1],
    ]
    assert observation.entities.tolist() == [expected]
    assert observation.entity_mask.all()
    # where the nearest opponent is: (-2, -2) and (0, 1.5), squashed
    nearest = [[-math.log(3), -math.log(3)], [0.0, math.log(2.5)]]
    assert_close(observation.auxiliary_target, torch.tensor([nearest]))


def test_prey_hear_each_other_within_the_range() -> None:
    tag = make({"P": 2, "Q": 1}, num_predators=2, graph=MessageGraph(range=0.5))
    # predators on top of the third prey, which is out of range of the other two
    place(tag, [[0.9, 0.9], [0.9, 0.9]], [[0.0, 0.0], [0.3, 0.3], [0.9, 0.9]])
    step = tag.step(stay(tag))
    assert step.next_observation.adjacency.int().tolist() == [[[0, 1, 0], [1, 0, 0], [0, 0, 0]]]
    assert step.info["links"].tolist() == [[1.0, 1.0, 0.0]]


def test_noise_of_prey_does_not_touch_predators() -> None:
    tag = make({"P": 1}, num_copies=50, prey_noise=PreyNoise(1.0, 1.0))
    tag.reset(0)
    for _ in range(3):
        tag.step(stay(tag))
    apart = (tag.world.predator_position[:, 0] - tag.world.predator_position[:, 1]).norm(dim=-1) > 0.3
    alone = apart & ((tag.world.predator_position - tag.world.prey_position).norm(dim=-1) > 0.3).all(-1)
    assert alone.sum() > 20
    assert not tag.world.predator_velocity[alone].any()


def test_absent_prey_are_not_touched_seen_or_chased() -> None:
    tag = make({"Q": 3}, predators="chase", compositions=torch.tensor([[0, 2]]))
    # the absent third prey is put at the origin, where a predator is
    place(tag, [[0.0, 0.0], [-0.6, 0.0]], [[0.0, 0.5], [-0.6, 0.7], [0.0, 0.0]])
    step = tag.step(stay(tag))
    # neither pushed from there; up to the prey that are there
    assert_close(tag.world.predator_velocity, torch.tensor([[[0.0, 0.3], [0.0, 0.3]]]))
    assert step.info["contacts"].tolist() == [[0.0, 0.0, 0.0]]
    assert step.reward.tolist() == [[0.0, 0.0, 0.0]]
    assert step.terminated.tolist() == [[False, False, True]]
    observation = step.observation
    assert observation.alive.tolist() == [[True, True, False]]
    assert observation.entity_mask.tolist() == [[True, True, False, True, True]]
    seen = torch.tensor([-0.6, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert_close(observation.features["Q"][0, 0, 4:12], seen)


def test_the_number_of_predators_is_drawn_for_each_episode() -> None:
    tag = make({"P": 1}, num_copies=600, num_predators=4, opponents_between=(2, 4), predators="chase", max_cycles=2)
    observation = tag.reset(0)
    first = observation.entity_mask[:, 1:5].sum(-1)
    # a third each; standard error of a count: 11.5
    counts = first.bincount(minlength=5)
    assert counts[:2].tolist() == [0, 0]
    assert (counts[2:] - 200).abs().max() < 50
    # the first so many are there; the others do nothing and are seen as nothing
    assert observation.entity_mask[:, 1:5].equal(torch.arange(4) < first[:, None])
    step = tag.step(stay(tag))
    absent = ~step.observation.entity_mask[:, 1:5]
    assert not step.observation.entities[:, 1:5, :4][absent].any()
    assert not step.observation.features["P"][:, 0, 4:20].unflatten(1, (4, 4))[absent].any()
    state = tag.state()
    second = tag.step(stay(tag)).observation.entity_mask
    drawn = second[:, 1:5].sum(-1)
    # two of three draws give another number; standard error 11.5
    assert 350 < int((drawn != first).sum()) < 450
    tag.reset(3)
    tag.load_state(state)
    assert tag.observe().entity_mask[:, 1:5].sum(-1).equal(first)
    assert tag.step(stay(tag)).observation.entity_mask.equal(second)


def test_the_nearest_predator_is_one_that_is_there() -> None:
    tag = make({"P": 1}, num_copies=64, num_predators=4, opponents_between=(1, 1))
    tag.reset(0)
    # absent ones are kept at the origin, where the prey is
    observation = place(tag, [[0.0, 3.0]] * 4, [[0.0, 0.0]])
    assert_close(observation.auxiliary_target[:, 0], torch.tensor([[0.0, math.log(4)]]).expand(64, -1))


def test_auto_reset_and_repeatability() -> None:
    options = {"num_copies": 3, "predators": "random", "num_obstacles": 2, "max_cycles": 5}
    one, two, other = (make({"P": 2}, **options) for _ in range(3))
    first, same, different = one.reset(4), two.reset(4), other.reset(5)
    assert first.entities.equal(same.entities)
    assert not first.entities.equal(different.entities)
    ended = []
    for _ in range(12):
        step, again = one.step(stay(one)), two.step(stay(two))
        assert step.observation.entities.equal(again.observation.entities)
        assert step.next_observation.entities.equal(again.next_observation.entities)
        assert not step.terminated.any()
        assert step.observation.entities.equal(step.next_observation.entities) == (not step.ended.any())
        ended.append(step.ended.tolist())
    assert ended == [[time % 5 == 4] * 3 for time in range(12)]


def test_a_loaded_state_goes_on_bit_for_bit() -> None:
    options = {"num_copies": 2, "predators": "random", "graph": MessageGraph(link_loss=0.4), "max_cycles": 7}
    tag, other = make({"P": 3}, **options), make({"P": 3}, **options)
    tag.reset(1)
    for _ in range(4):
        tag.step(stay(tag))
    state = tag.state()
    expected = [tag.step(stay(tag)) for _ in range(20)]
    other.reset(99)
    other.load_state(state)
    for step in expected:
        again = other.step(stay(other))
        assert again.observation.entities.equal(step.observation.entities)
        assert again.next_observation.adjacency.equal(step.next_observation.adjacency)
        assert again.truncated.equal(step.truncated)


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
def test_scripted_prey_are_its_references(continuous: bool) -> None:
    tag = make({"P": 2, "Q": 1}, num_copies=64, num_predators=3, num_obstacles=2, continuous_actions=continuous)
    observation, generator = tag.reset(2), torch.Generator()
    assert set(tag.scripted()) == {"random", "still", "flee"}
    chosen = tag.scripted()["flee"](observation, generator)
    action = torch.cat([part.argmax(-1) if continuous else part for part in chosen.values()], 1)
    assert action.equal(PREY["flee"](tag.world, generator))
    assert {name: part.shape[1] for name, part in chosen.items()} == {"P": 2, "Q": 1}
    tag.step(chosen)


def test_scene_has_predators_prey_by_class_and_links_of_prey() -> None:
    tag = make(
        {"P": 1, "Q": 3},
        num_predators=2,
        num_obstacles=1,
        graph=MessageGraph(range=0.5),
        compositions=torch.tensor([[1, 2]]),
    )
    # a predator at the origin, where the absent fourth prey is kept; the other on the second prey
    predators, obstacles = [[0.0, 0.0], [0.8, 0.0]], [[-0.9, -0.9]]
    place(tag, predators, [[0.5, 0.4], [0.8, 0.1], [-0.9, 0.0], [0.0, 0.0]], obstacles)
    scene = tag.scene()
    assert [disc[3] for disc in scene.discs] == ["predator", "predator", "P", "Q", "Q", "obstacle"]
    assert [disc[2] for disc in scene.discs] == [0.075, 0.075, 0.05, 0.05, 0.05, 0.2]
    assert scene.discs[3][:2] == pytest.approx((0.8, 0.1))
    assert scene.links == ((2, 3), (3, 2))
    assert scene.contacts == (1,)
    assert scene.range == 0.5
    # 0.58 apart
    place(tag, predators, [[0.3, 0.4], [0.8, 0.1], [-0.9, 0.0], [0.0, 0.0]], obstacles)
    assert tag.scene().links == ()
