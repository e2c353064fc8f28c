"""mpe2's simple_tag in its wrappers: run by `PettingZooEnvironment`, stepped one by one, and beside `SimpleTag`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3
from pettingzoo_copies import expect
from scattered import scatter
from torch.testing import assert_close

from marl.core.environment import Environment
from marl.core.records import Observation
from marl.core.seeding import episode_seed
from marl.core.serialisation import load_state, save_state
from marl.envs.simple_tag.environment import SimpleTag, tag_scene
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.wrappers import AdversaryClass, CommunicationGraph, ScriptedPrey, TeamState, get_state, read_world, set_state
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.prey import PREY

CYCLES = 6
CLASS_OF = {"adversary_0": "A", "adversary_1": "B", "adversary_2": "B"}


def predators(continuous: bool = False, cycles: int = CYCLES, prey: str = "random") -> TeamState:
    env = simple_tag_v3.parallel_env(
        num_adversaries=3, num_good=1, num_obstacles=2, max_cycles=cycles, continuous_actions=continuous
    )
    env = AdversaryClass(ScriptedPrey(env, prey), {"A": 1, "B": 2})
    return TeamState(CommunicationGraph(env, range=1.0, link_loss=0.2))


def make(num_copies: int = 2, factory: Callable[[], Any] = predators, **options: Any) -> Environment:
    return PettingZooEnvironment(factory, num_copies, CLASS_OF, ("A", "B", "C"), **options)


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
def test_every_step_equals_an_unvectorised_run(continuous: bool) -> None:
    factory = lambda: predators(continuous)  # noqa: E731
    env, singles = make(2, factory), [factory(), factory()]
    observation = env.reset(seed=5)
    for copy, single in enumerate(singles):
        expect(observation, copy, single.reset(seed=episode_seed(5, copy))[0])
    rng, links = np.random.default_rng(0), 0
    for time in range(3 * CYCLES):
        shape = (2, 3, 5) if continuous else (2, 3)
        action = rng.uniform(-1, 1, shape).astype(np.float32) if continuous else rng.integers(5, size=shape)
        given = torch.from_numpy(action)
        step = env.step({"A": given[:, :1], "B": given[:, 1:]})
        ends = time % CYCLES == CYCLES - 1
        assert step.truncated.all() == step.truncated.any() == ends
        assert not step.terminated.any()
        for copy, single in enumerate(singles):
            played = (action[copy] + 1) / 2 if continuous else action[copy]  # -1 and 1 stand for mpe2's 0 and 1
            seen, reward, _, _, infos = single.step(dict(zip(single.agents, played, strict=True)))
            expect(step.next_observation, copy, seen)
            following = episode_seed(5, 2 * (time // CYCLES + 1) + copy)
            expect(step.observation, copy, single.reset(seed=following)[0] if ends else seen)
            assert step.reward[copy].tolist() == list(reward.values())
            assert step.info["contacts"][copy].tolist() == [info["contacts"] for info in infos.values()]
            heard = [int(agent["adjacency"].sum()) for agent in seen.values()]
            assert step.info["links"][copy].tolist() == heard
            links += sum(heard)
    assert links > 0


def test_contacts_of_the_last_step_are_kept() -> None:
    def factory() -> Any:
        env = simple_tag_v3.parallel_env(num_adversaries=3, num_good=1, num_obstacles=0, max_cycles=3)
        return ScriptedPrey(env, "still")

    env = make(2, factory, get_state=get_state, set_state=set_state)
    env.reset(seed=0)
    state = env.state()
    for copy in state["copies"].values():
        # everything far apart but the first predator and the prey
        copy["position"] = torch.tensor([[0.0, 0.0], [5.0, 5.0], [-5.0, 5.0], [0.12, 0.0]], dtype=torch.float64)
        copy["clock"] = 2
    env.load_state(state)
    step = env.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    assert step.ended.all()
    assert step.info["contacts"].tolist() == [[1.0, 0.0, 0.0]] * 2
    assert step.reward.tolist() == [[10.0] * 3] * 2


def test_it_observes_what_the_batched_simulator_does() -> None:
    env = make(3, lambda: predators(prey="flee", cycles=50), get_state=get_state, set_state=set_state)
    views = ClassViews({"A": ("landmarks",), "B": ("prey",)}, {"A": 1, "B": 2}, 1, 2)
    tag = SimpleTag(3, views, MessageGraph(range=1.0), PREY["flee"], dtype=torch.float64)
    env.reset(seed=1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        copies = env.state()["copies"].values()
        tag.set_world(*(torch.stack([copy[name] for copy in copies]) for name in ("position", "velocity")))
        action = {name: torch.randint(5, (3, n), generator=generator) for name, n in (("A", 1), ("B", 2))}
        step, batched = env.step(action), tag.step(action)
        seen, expected = step.next_observation, batched.next_observation
        for name in "AB":
            torch.testing.assert_close(seen.features[name].double(), expected.features[name], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(seen.entities.double(), expected.entities, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(step.reward.double(), batched.reward)
        # links may be lost, never added
        assert not (seen.adjacency & ~expected.adjacency).any()


def test_a_loaded_state_goes_on_bit_for_bit(tmp_path: Path) -> None:
    one, two = (make(2, get_state=get_state, set_state=set_state) for _ in range(2))
    one.reset(0)
    actions = [{"A": torch.full((2, 1), t % 5), "B": torch.full((2, 2), t % 4)} for t in range(20)]
    for action in actions[:4]:
        one.step(action)
    state = one.state()
    expected = [one.step(action) for action in actions[4:]]
    save_state(tmp_path, "state", state)
    two.load_state(load_state(tmp_path, "state"))
    for action, step in zip(actions[4:], expected, strict=True):
        again = two.step(action)
        assert again.observation.entities.equal(step.observation.entities)
        assert again.next_observation.adjacency.equal(step.next_observation.adjacency)
        assert again.truncated.equal(step.truncated)
        assert again.reward.equal(step.reward)


def test_a_state_without_draws_survives_a_file(tmp_path: Path) -> None:
    def factory() -> Any:
        return AdversaryClass(
            simple_tag_v3.parallel_env(num_adversaries=3, num_good=0, num_obstacles=1), {"A": 1, "B": 2}
        )

    one, two = (make(1, factory, get_state=get_state, set_state=set_state) for _ in range(2))
    features = one.reset(4).features["A"]  # a world in which nobody touches
    save_state(tmp_path, "state", one.state())
    two.load_state(load_state(tmp_path, "state"))
    step = two.step({"A": torch.zeros(1, 1, dtype=torch.long), "B": torch.zeros(1, 2, dtype=torch.long)})
    # nobody moved in the first step: positions are integrated before velocities
    assert step.observation.features["A"].equal(features)


def test_scene_and_scripted_are_those_given() -> None:
    chase = lambda observation, generator: {}  # noqa: E731
    options = {"scripted": {"chase": chase}, "events": {"contacts": "contact"}}
    env = make(2, **options, scene=lambda one: tag_scene(read_world(one), env.roster, one.graph))
    observation = env.reset(0)
    assert env.scripted() == {"chase": chase}
    assert env.events == {"contacts": "contact"}
    scene = env.scene(1)
    assert [disc[3] for disc in scene.discs] == ["A", "B", "B", "prey", "obstacle", "obstacle"]
    np.testing.assert_allclose([disc[:2] for disc in scene.discs], observation.entities[1, :, :2], atol=1e-6)
    env.close()


def test_what_each_agent_earned_is_read_from_the_infos() -> None:
    silent = make(2, lambda: predators(prey="still"))
    telling = make(2, lambda: predators(prey="still"), earned=lambda info: info["contacts"] * 10)
    for env in (silent, telling):
        env.reset(seed=0)
    action = {"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)}
    assert silent.step(action).earned is None
    step = telling.step(action)
    assert step.earned.equal(step.info["contacts"] * 10)


EXACT = {"rtol": 0.0, "atol": 1e-9}
FLOAT32 = {"rtol": 2e-7, "atol": 1e-7}
ALL_CLASSES = {
    "A": ("landmarks",),
    "B": ("prey",),
    "C": ("teammates",),
    "D": ("landmarks", "prey:2@0.4", "teammates"),
    "E": ("prey", "landmarks"),
}


@pytest.mark.parametrize(
    ("frame", "graph"),
    [("relative", {"range": 0.7}), ("absolute", {"range": 1.0, "nearest": 2}), ("relative", {"nearest": 1})],
)
def test_wrapped_mpe2_observes_the_same(frame: str, graph: dict[str, Any]) -> None:
    team, chosen = {"A": 1, "B": 2, "C": 1, "D": 1}, torch.zeros(1, 2, dtype=torch.long)
    rule = lambda world, generator: chosen  # noqa: E731
    env = simple_tag_v3.parallel_env(num_adversaries=5, num_good=2, num_obstacles=3, max_cycles=200)
    env = ScriptedPrey(env, rule)
    env = TeamState(CommunicationGraph(AdversaryClass(env, team, ALL_CLASSES, frame), **graph))
    env.reset(seed=1)
    views = ClassViews(ALL_CLASSES, team, 2, 3, frame)
    tag = SimpleTag(1, views, MessageGraph(**graph), rule, max_cycles=1000, dtype=torch.float64)
    rng, contacts = np.random.default_rng(3), 0.0
    for time in range(100):
        if time % 10 == 0:
            scatter(env, rng, width=0.4)
        world = read_world(env)
        tag.set_world(world.position, world.velocity)
        chosen = torch.from_numpy(rng.integers(5, size=(1, 2)))
        action = dict(zip(env.agents, rng.integers(5, size=5), strict=True))
        seen, _, _, _, infos = env.step(action)
        step = tag.step(
            {
                name: torch.tensor([[action[agent] for agent in env.agents if env.class_of[agent] == name]])
                for name in tag.roster.slices
            }
        )
        observation = step.next_observation
        for i, agent in enumerate(env.agents):
            compare(seen[agent], observation, i, env.class_of[agent], tag)
            assert infos[agent]["contacts"] == step.info["contacts"][0, i]
        for name, features in views(read_world(env)).items():
            assert_close(features, observation.features[name], **EXACT)
        contacts += step.info["contacts"].sum()
    assert contacts > 0


def compare(seen: dict[str, Any], observation: Observation, agent: int, name: str, tag: SimpleTag) -> None:
    """One agent's dictionary beside the batched observation of copy 0."""
    features = observation.features[name][0, agent - tag.roster.slices[name].start]
    np.testing.assert_allclose(seen["observation"], features, **FLOAT32)
    np.testing.assert_allclose(seen["kinematics"], observation.kinematics[0, agent], **FLOAT32)
    np.testing.assert_allclose(seen["entities"], observation.entities[0], **FLOAT32)
    np.testing.assert_allclose(seen["auxiliary_target"], observation.auxiliary_target[0, agent], **FLOAT32)
    np.testing.assert_array_equal(seen["adjacency"], observation.adjacency[0, agent])
    np.testing.assert_array_equal(seen["entity_mask"], observation.entity_mask[0])
