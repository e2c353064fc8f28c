"""PettingZooEnvironment beside the environments that it runs, stepped one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from counting_pettingzoo import Counting
from meeting import Meeting
from meeting_config import MeetingConfig
from meeting_pettingzoo import MeetingParallel, get_state, set_state
from pettingzoo_copies import expect

from marl.core.environment import Environment
from marl.core.errors import PictureError
from marl.core.seeding import episode_seed
from marl.core.serialisation import load_state, save_state
from marl.tasks.pettingzoo.environment import PettingZooEnvironment

CYCLES = 6
CLASS_OF = {"walker_0": "A", "walker_1": "B", "walker_2": "B"}


def walkers(continuous: bool = False, cycles: int = CYCLES, target: str = "wanders") -> MeetingParallel:
    settings = {"target": target, "max_cycles": cycles, "continuous_actions": continuous}
    links = {"range": 1.0, "link_loss": 0.2}
    return MeetingParallel(MeetingConfig(team={"A": 1, "B": 2}, communication=links, **settings))


def make(num_copies: int = 2, factory: Callable[[], Any] = walkers, **options: Any) -> Environment:
    return PettingZooEnvironment(factory, num_copies, CLASS_OF, ("A", "B", "C"), **options)


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
def test_every_step_equals_an_unvectorised_run(continuous: bool) -> None:
    factory = lambda: walkers(continuous)  # noqa: E731
    env, singles = make(2, factory), [factory(), factory()]
    observation = env.reset(seed=5)
    for copy, single in enumerate(singles):
        expect(observation, copy, single.reset(seed=episode_seed(5, copy))[0])
    rng, links = np.random.default_rng(0), 0
    for time in range(3 * CYCLES):
        action = rng.integers(5, size=(2, 3))
        if continuous:
            action = rng.integers(-8, 9, size=(2, 3, 2)).astype(np.float32) / 8
        given = torch.from_numpy(action)
        step = env.step({"A": given[:, :1], "B": given[:, 1:]})
        ends = time % CYCLES == CYCLES - 1
        assert step.truncated.all() == step.truncated.any() == ends
        assert not step.terminated.any()
        for copy, single in enumerate(singles):
            seen, reward, _, _, infos = single.step(dict(zip(single.agents, action[copy], strict=True)))
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
    env = make(2, lambda: walkers(cycles=3, target="still"), get_state=get_state, set_state=set_state)
    env.reset(seed=0)
    state = env.state()
    for copy in state["copies"].values():
        # everything far apart but the first walker and the target
        copy["position"] = torch.tensor([[[0.0, 0.0], [5.0, 5.0], [-5.0, 5.0], [9.0, 9.0], [0.12, 0.0]]])
        copy["clock"] = torch.tensor([2])
    env.load_state(state)
    step = env.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    assert step.ended.all()
    assert step.info["contacts"].tolist() == [[1.0, 0.0, 0.0]] * 2
    assert step.reward.tolist() == [[10.0] * 3] * 2


def test_it_observes_what_the_batched_environment_does() -> None:
    env = make(3, lambda: walkers(cycles=50, target="still"), get_state=get_state, set_state=set_state)
    config = MeetingConfig(team={"A": 1, "B": 2}, target="still", max_cycles=50)
    meeting = Meeting(config, 3)
    env.reset(seed=1)
    meeting.reset(seed=1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        copies = env.state()["copies"].values()
        meeting.place(*(torch.cat([copy[name] for copy in copies]) for name in ("position", "velocity")))
        action = {name: torch.randint(5, (3, n), generator=generator) for name, n in (("A", 1), ("B", 2))}
        step, batched = env.step(action), meeting.step(action)
        seen, expected = step.next_observation, batched.next_observation
        for name in "AB":
            torch.testing.assert_close(seen.features[name], expected.features[name], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(seen.entities, expected.entities, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(step.reward.float(), batched.reward)
        # links may be lost, never added
        assert not (seen.adjacency & ~expected.adjacency).any()


def test_roster_has_every_declared_class() -> None:
    roster = make(1, feature_sizes={"C": 12}).roster
    assert roster.team == {"A": 1, "B": 2, "C": 0}
    assert [c.feature_size for c in roster.classes] == [6, 6, 12]
    assert {c.action.kind for c in roster.classes} == {"discrete"}


def test_seeds_repeat_and_copies_differ() -> None:
    one, two = make(3), make(3)
    first, same, other = one.reset(4), two.reset(4), make(3).reset(5)
    assert first.entities.equal(same.entities)
    assert len({tuple(copy.flatten().tolist()) for copy in (*first.entities, *other.entities)}) == 6
    for time in range(2 * CYCLES):
        action = {"A": torch.full((3, 1), time % 5), "B": torch.full((3, 2), 1)}
        a, b = one.step(action), two.step(action)
        assert a.observation.entities.equal(b.observation.entities)
        assert a.observation.adjacency.equal(b.observation.adjacency)
    again = one.reset(4)
    assert again.entities.equal(first.entities)
    assert again.adjacency.equal(first.adjacency)


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


def test_a_state_without_get_state_has_the_seeds_of_the_episodes_to_come() -> None:
    """After one step more than an episode each copy is in its second; its third follows."""
    one, two = make(2), make(2)
    one.reset(seed=3)
    for _ in range(CYCLES + 1):
        one.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    seen = two.load_state(one.state())
    for copy in (0, 1):
        expect(seen, copy, walkers().reset(seed=episode_seed(3, 4 + copy))[0])


def test_an_older_state_goes_on_with_episodes_that_were_not_played() -> None:
    env = make(2, get_state=get_state, set_state=set_state)
    first = env.reset(seed=3)
    env.load_state({"copies": env.state()["copies"]})
    for _ in range(CYCLES):
        step = env.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    assert not step.observation.entities.equal(first.entities)
    for copy in (0, 1):
        expect(step.observation, copy, walkers().reset(seed=episode_seed(3, 2**32 + copy))[0])


def test_some_copies_begin_their_next_episode_before_theirs_has_ended() -> None:
    env, single = make(2), walkers()
    env.reset(seed=3)
    step = env.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    seen = env.restart(torch.tensor([False, True]))
    assert seen.entities[0].equal(step.observation.entities[0])
    expect(seen, 1, single.reset(seed=episode_seed(3, 3))[0])
    assert env.state()["numbers"].tolist() == [2, 5]


def test_a_state_without_draws_survives_a_file(tmp_path: Path) -> None:
    def without(env: Any) -> Any:
        return {**get_state(env), "generator": None}

    def put(env: Any, state: Any) -> None:
        set_state(env, {**state, "generator": env.meeting.generator.get_state()})

    one, two = (make(1, lambda: walkers(target="still"), get_state=without, set_state=put) for _ in range(2))
    features = one.reset(3).features["A"]
    save_state(tmp_path, "state", one.state())
    two.load_state(load_state(tmp_path, "state"))
    step = two.step({"A": torch.zeros(1, 1, dtype=torch.long), "B": torch.zeros(1, 2, dtype=torch.long)})
    # nobody moved: all stay, and the target stands
    assert step.observation.features["A"].equal(features)


def test_scene_and_scripted_are_those_given() -> None:
    chase = lambda observation, generator: {}  # noqa: E731
    options = {"scripted": {"chase": chase}, "events": {"contacts": "contact"}}
    env = make(2, **options, scene=lambda one: one.meeting.scene())
    observation = env.reset(0)
    assert env.scripted() == {"chase": chase}
    assert env.events == {"contacts": "contact"}
    scene = env.scene(1)
    assert [disc[3] for disc in scene.discs] == ["A", "B", "B", "obstacle", "prey"]
    np.testing.assert_allclose([disc[:2] for disc in scene.discs], observation.entities[1, :, :2], atol=1e-6)
    env.close()


def test_the_scene_of_an_end_is_that_before_the_reset_and_training_draws_none() -> None:
    drawn = []

    def picture(one: Any) -> Any:
        drawn.append(one.unwrapped.time)
        return np.full((2, 2, 3), one.unwrapped.time, np.uint8)

    env = PettingZooEnvironment(Counting, 2, lambda name: "A", ("A",), scene=picture)
    env.reset(0)
    action = {"A": torch.zeros(2, 3, dtype=torch.long)}
    for _ in range(4):
        env.step(action)
    assert drawn == []
    assert env.scene()[0, 0, 0] == 1  # type: ignore[index]
    for _ in range(2):
        env.step(action)
    assert env.scene(at_end=True)[0, 0, 0] == 3  # type: ignore[index]
    assert env.scene()[0, 0, 0] == 0  # type: ignore[index]
    assert drawn == [1, 3, 0]


def test_a_scene_that_fails_is_told_as_such() -> None:
    env = PettingZooEnvironment(Counting, 1, lambda name: "A", ("A",), scene=lambda one: one.nothing)
    env.reset(0)
    with pytest.raises(PictureError, match="counting, copy 0, in its reset, failed: AttributeError"):
        env.scene()


def test_what_was_not_given_is_refused() -> None:
    env = PettingZooEnvironment(Counting, 1, lambda name: "A", ("A",))
    for call, message in [
        (lambda: env.load_state({"copies": {"0": {}}}), "give get_state and set_state"),
        (env.scene, "cannot be drawn: it has no render mode rgb_array, and no scene was given"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match="only one of get_state and set_state"):
        make(1, get_state=get_state)


def test_what_each_agent_earned_is_read_from_the_infos() -> None:
    silent = make(2, lambda: walkers(target="still"))
    telling = make(2, lambda: walkers(target="still"), earned=lambda info: info["contacts"] * 10)
    for env in (silent, telling):
        env.reset(seed=0)
    action = {"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)}
    assert silent.step(action).earned is None
    step = telling.step(action)
    assert step.earned.equal(step.info["contacts"] * 10)
