from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from marl.core.errors import Note
from marl.core.records import Memory, Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.scene import Scene
from marl.core.seeding import ACTIONS, episode_seed, stream
from marl.evaluation.episodes import StoppedError, play_episodes, record_episode, score_name
from marl.policies.policy import Act


class Stub:
    """Copy ``i`` ends after ``i + 2`` steps; agent ``n`` earns ``n + 1`` at each step.

    Agent 0 has a hit at step 2 of odd copies; after an episode's end everything counts a hundred
    times, so that a second episode that is counted shows.
    """

    roster = Roster((AgentClass("A", 1, ActionSpec("discrete", 2)),), (2,))
    device = torch.device("cpu")
    events: Mapping[str, str] = {"hits": "hit"}
    per_step: frozenset[str] = frozenset()
    numbered = False

    def __init__(self, num_copies: int, log: list[Any] | None = None) -> None:
        self.num_copies = num_copies
        self.log = [] if log is None else log
        self.clock = 0

    def _observe(self) -> Observation:
        features = torch.full((self.num_copies, 2, 1), float(self.clock))
        links = torch.ones(self.num_copies, 2, 2, dtype=torch.bool)
        alive = torch.ones(self.num_copies, 2, dtype=torch.bool)
        return Observation({"A": features}, alive, adjacency=links)

    def reset(self, seed: int) -> Observation:
        self.log.append(("reset", seed, self.num_copies))
        return self._observe()

    def step(self, action: dict[str, Tensor]) -> Step:
        self.clock += 1
        copies = torch.arange(self.num_copies)
        ended = (copies + 2 == self.clock)[:, None].expand(-1, 2)
        weight = torch.where(copies + 2 < self.clock, 100.0, 1.0)[:, None]
        reward = torch.tensor([1.0, 2.0]) * weight
        hit = ((copies % 2 == 1) & (self.clock == 2) | (weight[:, 0] > 1))[:, None] * torch.tensor([1.0, 0.0])
        observation = self._observe()
        return Step(observation, observation, reward, torch.zeros_like(ended), ended, {"hits": hit * weight})

    def scene(self, copy: int = 0, at_end: bool = False) -> Scene:
        return Scene(((float(self.clock), 0.0, 0.1, "the end" if at_end else "A"),), (), (), None, 1.0)

    def close(self) -> None:
        self.log.append("close")


class Listener:
    """Policy that keeps what it was given; its memory counts steps since the episode began."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.generators: list[Any] = []
        self.remembered: list[list[bool]] = []

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        empty = torch.zeros(num_copies, num_agents, 1, 1, 1)
        return Memory(empty, empty, torch.zeros(num_copies, 1, dtype=torch.bool))

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        assert observation.adjacency is not None
        assert memory is not None
        self.heard.append(int(observation.adjacency.sum()))
        self.generators.append(None if generator is None else generator.initial_seed())
        self.remembered.append(memory.valid[:, 0, 0].tolist())
        shape = observation.alive.shape
        kept = Memory(memory.keys, memory.values, torch.ones_like(memory.valid))
        return Act({"A": torch.zeros(shape, dtype=torch.long)}, torch.zeros(shape), kept)


def test_each_copy_counts_its_first_episode_only() -> None:
    table = play_episodes(Stub, Listener(), episodes=3, seed=0)  # type: ignore[arg-type]
    assert table.length.tolist() == [2, 3, 4]
    assert table.agent_return.tolist() == [2 * 1.5, 3 * 1.5, 4 * 1.5]
    assert table.events["hits"].tolist() == [0, 1, 0]
    assert table.first["hits"][1] == 2
    assert np.isnan(table.first["hits"][[0, 2]]).all()


def test_memory_is_forgotten_where_an_episode_ended() -> None:
    listener = Listener()
    play_episodes(Stub, listener, episodes=2, seed=0)  # type: ignore[arg-type]
    assert listener.remembered == [[False, False], [True, True], [False, True]]


class Short(Stub):
    """Every copy ends after a step."""

    def step(self, action: dict[str, Tensor]) -> Step:
        step = super().step(action)
        ended = torch.ones_like(step.truncated)
        return Step(step.next_observation, step.observation, step.reward, step.terminated, ended, step.info)


def test_batches_have_at_most_1024_copies_and_seeds_of_their_own() -> None:
    log: list[Any] = []
    table = play_episodes(lambda copies: Short(copies, log), Listener(), episodes=1500, seed=7)  # type: ignore[arg-type]
    assert log == ["close", ("reset", 7, 1024), "close", ("reset", 7 + 1_000_003, 476), "close"]
    assert table.length.tolist() == [1.0] * 1500


@pytest.mark.parametrize(("agents", "copies"), [(256, 1024), (512, 256), (100_000, 1)])
def test_very_large_teams_have_smaller_batches(agents: int, copies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """2^26 pairs: 1,024 copies of 256 agents, 256 of 512."""
    made: list[int] = []

    class Large(Short):
        def __init__(self, num_copies: int) -> None:
            super().__init__(num_copies)
            made.append(num_copies)

    monkeypatch.setattr(Stub, "roster", SimpleNamespace(size=agents, slices={}, rivals={}))
    episodes = min(copies + 1, 1024)
    play_episodes(Large, Listener(), episodes, seed=7)  # type: ignore[arg-type]
    assert made[:2] == [1, copies]


def test_messages_can_be_switched_off_and_actions_be_the_likeliest() -> None:
    listener = Listener()
    play_episodes(Stub, listener, episodes=1, seed=3)  # type: ignore[arg-type]
    play_episodes(Stub, listener, episodes=1, seed=3, messages=False, deterministic=True)  # type: ignore[arg-type]
    assert listener.heard == [4, 4, 0, 0]
    drawn = stream(3, ACTIONS).initial_seed()
    assert listener.generators == [drawn, drawn, None, None]
    assert drawn != 3  # the environment draws from the seed itself


class Dealt(Stub):
    """Copies that play by number: episode ``n`` lasts ``1 + n % 3`` steps, each worth ``n``, and ends with a hit.

    Number 4 never ends.
    """

    numbered = True

    def reset(self, seed: int) -> Observation:
        self.number, self.time = torch.arange(self.num_copies), torch.zeros(self.num_copies)
        return super().reset(seed)

    def restart(self, copies: Tensor) -> Observation:
        self.log.append(("restart", copies.tolist()))
        self._begin(copies)
        return self._observe()

    def _begin(self, copies: Tensor) -> None:
        self.number, self.time = self.number + self.num_copies * copies, self.time * ~copies

    def step(self, action: dict[str, Tensor]) -> Step:
        self.time = self.time + 1
        over = (self.time == 1 + self.number % 3) & (self.number != 4)
        ended, reward = over[:, None].expand(-1, 2), self.number[:, None].expand(-1, 2).double()
        self._begin(over)
        observation = self._observe()
        return Step(observation, observation, reward, ended, torch.zeros_like(ended), {"hits": ended * 1.0})


@pytest.mark.parametrize("copies", [1, 2, 3, 8])
def test_episodes_of_numbered_environments_are_dealt_to_few_copies(copies: int) -> None:
    """Each row is that of its number, however many copies play, and whichever end first."""
    log: list[Any] = []
    make = lambda copies: Dealt(copies, log)  # noqa: E731
    with pytest.warns(Note, match="1 of 7 episodes were cut after 5 steps"):
        table = play_episodes(make, Listener(), 7, seed=9, max_steps=5, most_copies=copies)  # type: ignore[arg-type]
    assert table.length.tolist() == [1, 2, 3, 1, 5, 3, 1]
    assert table.agent_return.tolist() == [0, 2, 6, 3, 20, 15, 6]
    assert table.events["hits"].tolist() == [2, 2, 2, 2, 0, 2, 2]
    assert table.first["hits"][[0, 1, 2, 3, 5, 6]].tolist() == [1, 2, 3, 1, 3, 1]
    assert np.isnan(table.first["hits"][4])
    assert table.seeds == tuple(episode_seed(9, number) for number in range(7))
    assert log[:2] == ["close", ("reset", 9, min(copies, 7))]
    assert log[-1] == "close"
    restarted = [entry[1] for entry in log if entry[0] == "restart"]
    assert restarted == ([[True]] if copies == 1 else [[True, False]] if copies == 2 else [])


def test_where_an_episode_is_cut_its_memory_is_forgotten() -> None:
    """The third step is the first of the third episode."""
    listener = Listener()

    class Endless(Dealt):
        def step(self, action: dict[str, Tensor]) -> Step:
            step = super().step(action)
            return dataclasses.replace(step, terminated=torch.zeros_like(step.terminated))

    with pytest.warns(Note):
        play_episodes(Endless, listener, 3, seed=9, max_steps=1, most_copies=1)  # type: ignore[arg-type]
    assert listener.remembered == [[False], [False], [False]]


def test_global_generators_are_seeded_for_the_episodes_and_restored() -> None:
    drawn: list[float] = []

    class Drawing(Stub):
        def step(self, action: dict[str, Tensor]) -> Step:
            drawn.append(random.random())
            return super().step(action)

    random.seed(1)
    play_episodes(Drawing, Listener(), episodes=1, seed=5)  # type: ignore[arg-type]
    assert drawn[0] == random.Random(5).random()
    assert random.random() == random.Random(1).random()


def test_no_episodes_are_refused() -> None:
    with pytest.raises(ValueError, match="episodes is 0; give at least 1"):
        play_episodes(Stub, Listener(), episodes=0, seed=0)  # type: ignore[arg-type]


def test_an_environment_is_closed_when_playing_fails() -> None:
    log: list[Any] = []

    class Failing(Stub):
        def step(self, action: dict[str, Tensor]) -> Step:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        play_episodes(lambda copies: Failing(copies, log), Listener(), episodes=1, seed=0)  # type: ignore[arg-type]
    assert log[-1] == "close"


def test_a_recorded_episode_has_a_scene_of_each_moment_the_last_included_and_the_score_so_far() -> None:
    class Longer(Stub):
        def step(self, action: dict[str, Tensor]) -> Step:
            step = super().step(action)
            hits = torch.ones_like(step.reward) if self.clock == 1 else torch.zeros_like(step.reward)
            ended = torch.full_like(step.truncated, self.clock == 3)
            return Step(step.next_observation, step.observation, step.reward, step.terminated, ended, {"hits": hits})

    scenes: list[Any] = []
    scores = record_episode(Longer(1), Listener(), 0, scenes.append)  # type: ignore[arg-type]
    shown = [(scene.discs[0][0], scene.discs[0][3]) for scene in scenes]
    assert shown == [(0.0, "A"), (1.0, "A"), (2.0, "A"), (3.0, "the end")]
    assert scores == [0.0, 2.0, 2.0, 2.0]
    few: list[Any] = []
    record_episode(Longer(1), Listener(), 0, few.append, wants=lambda step: step == 2)  # type: ignore[arg-type]
    assert few == [scenes[0], None, *scenes[2:]]


def test_without_events_the_score_is_the_mean_return() -> None:
    class Eventless(Stub):
        events: Mapping[str, str] = {}

    scores = record_episode(Eventless(1), Listener(), 0, [].append)  # type: ignore[arg-type]
    assert scores == [0.0, 1.5, 3.0]
    assert score_name(Eventless(1)) == "return"  # type: ignore[arg-type]
    assert score_name(Stub(1)) == "hits"  # type: ignore[arg-type]


def test_an_episode_that_is_cut_counts_with_what_it_had_brought() -> None:
    """The episodes of three copies end after 2, 3 and 4 steps; each step is worth 1.5."""
    with pytest.warns(Note, match="2 of 3 episodes were cut after 2 steps and count with what they had brought"):
        table = play_episodes(Stub, Listener(), episodes=3, seed=0, max_steps=2)  # type: ignore[arg-type]
    assert table.cut == 2
    assert table.length.tolist() == [2, 2, 2]
    assert table.agent_return.tolist() == [3, 3, 3]
    assert play_episodes(Stub, Listener(), episodes=3, seed=0, max_steps=4).cut == 0  # type: ignore[arg-type]


def test_a_recorded_episode_is_cut_with_its_score() -> None:
    scenes: list[Any] = []
    with pytest.warns(Note, match="the episode was cut after 1 steps"):
        scores = record_episode(Stub(1), Listener(), 0, scenes.append, max_steps=1)  # type: ignore[arg-type]
    assert ([scene.discs[0][3] for scene in scenes], scores) == (["A", "A"], [0.0, 0.0])


def test_whoever_watches_sees_ended_episodes_and_may_stop() -> None:
    """Three copies in lockstep, which end after 2, 3 and 4 steps."""
    seen: list[tuple[int, int]] = []

    def watch(ended: int, env_steps: int) -> bool:
        seen.append((ended, env_steps))
        return True

    play_episodes(Stub, Listener(), episodes=3, seed=0, watch=watch)  # type: ignore[arg-type]
    assert seen == [(0, 3), (1, 6), (2, 9), (3, 12)]
    with pytest.raises(StoppedError):
        play_episodes(Stub, Listener(), 3, seed=0, watch=lambda ended, _: ended < 2)  # type: ignore[arg-type]
    with pytest.raises(StoppedError):
        record_episode(Stub(1), Listener(), 0, [].append, watch=lambda _: False)  # type: ignore[arg-type]
