from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import torch
from leaving import Still, Written
from meeting import Meeting
from torch import Tensor

from marl.core.environment import State
from marl.core.errors import Note
from marl.core.records import Memory, Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.serialisation import load_state, save_state
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.policies.policy import Act
from marl.training.collector import Collector
from marl.training.source import Episodes

WINDOW = 3


class Clock:
    """Two copies whose episodes last 2 and 3 steps; features tell episode and step: 10 e + t.

    Class X has two agents and class Y one. In copy 0 the second X is absent; in copy 1 the first
    X leaves at its second step. An agent's reward at a step is the step's number times its place
    (1, 2, 3), and 1000 for whoever is not there.
    """

    roster = Roster(tuple(AgentClass(name, 1, ActionSpec("discrete", 2)) for name in "XY"), (2, 1))
    num_copies = 2
    device = torch.device("cpu")
    events: Mapping[str, str] = MappingProxyType({"hits": "hit"})
    per_step = frozenset({"links"})
    metrics: Mapping[str, float] = MappingProxyType({})
    lengths = torch.tensor([2, 3])

    def __init__(self) -> None:
        self.actions: list[dict[str, Tensor]] = []

    def reset(self, seed: int) -> Observation:
        self.clock, self.episode = torch.zeros(2, dtype=torch.long), torch.zeros(2, dtype=torch.long)
        return self.observe()

    def observe(self) -> Observation:
        features = (10.0 * self.episode + self.clock)[:, None, None]
        return Observation({"X": features.expand(2, 2, 1), "Y": features}, self.there())

    def there(self) -> Tensor:
        left = bool(self.clock[1] >= 2)
        return torch.tensor([[True, False, True], [not left, True, True]])

    def step(self, action: dict[str, Tensor]) -> Step:
        self.actions.append(action)
        alive = self.there()
        self.clock = self.clock + 1
        successor = self.observe()
        reward = self.clock[:, None] * torch.tensor([1.0, 2.0, 3.0])
        over = self.clock == self.lengths
        hits = (self.clock[:, None] == 1) & (self.episode[:, None] == 1) & torch.tensor([True, False, False])
        info = {"hits": hits.float(), "links": self.clock[:, None].expand(2, 3) * 1.0}
        self.clock, self.episode = self.clock * ~over, self.episode + over
        terminated = ~successor.alive
        truncated = over[:, None] & ~terminated
        return Step(successor, self.observe(), reward.where(alive, 1000.0), terminated, truncated, info)

    def state(self) -> State:
        return {"clock": self.clock, "episode": self.episode}

    def load_state(self, state: State) -> None:
        self.clock, self.episode = state["clock"], state["episode"]


class Reader:
    """A policy whose value is the feature and whose memory counts the steps that it remembers."""

    def __init__(self) -> None:
        self.remembered: list[list[int]] = []

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory:
        empty = torch.zeros(num_copies, num_agents, 1, WINDOW, 1)
        return Memory(empty, empty, torch.zeros(num_copies, WINDOW, dtype=torch.bool))

    def act(self, observation: Observation, memory: Memory, generator: torch.Generator) -> Act:
        self.remembered.append(memory.valid[:, 0].sum(-1).tolist())
        valid = torch.cat([memory.valid[..., 1:], torch.ones_like(memory.valid[..., :1])], -1)
        action = {name: x[..., 0].long() % 2 for name, x in observation.features.items()}
        return Act(action, torch.full(observation.alive.shape, -0.5), Memory(memory.keys, memory.values, valid))

    def value(self, observation: Observation) -> Tensor:
        return torch.cat([x[..., 0] for x in observation.features.values()], -1)


@pytest.fixture
def played() -> tuple[Any, Episodes, Clock, Reader]:
    """Seven steps: copy 0 ends three episodes, copy 1 two."""
    environment, policy = Clock(), Reader()
    collected = Collector(environment, 7, seed=0).collect(policy)
    rollout, episodes = collected.batch, collected.episodes
    return rollout, episodes, environment, policy


def test_the_next_observation_is_the_true_successor(played: Any) -> None:
    now, after = (observation.features for observation in (played[0].observation, played[0].next_observation))
    assert now["X"][:, 0, 0, 0].tolist() == [0, 1, 10, 11, 20, 21, 30]
    assert after["X"][:, 0, 0, 0].tolist() == [1, 2, 11, 12, 21, 22, 31]
    assert now["Y"][:, 1, 0, 0].tolist() == [0, 1, 2, 10, 11, 12, 20]
    assert after["Y"][:, 1, 0, 0].tolist() == [1, 2, 3, 11, 12, 13, 21]


def test_steps_that_begin_an_episode_are_marked(played: Any) -> None:
    assert played[0].started.long().mT.tolist() == [[1, 0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 0, 0, 1]]


def test_ends_are_told_apart(played: Any) -> None:
    rollout = played[0]
    assert rollout.truncated[:, 0, 0].long().tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert rollout.terminated[:, 0, 1].all()
    assert rollout.terminated[:, 1, 0].long().tolist() == [0, 1, 1, 0, 1, 1, 0]
    assert rollout.observation.alive[:, 1, 0].long().tolist() == [1, 1, 0, 1, 1, 0, 1]


def test_the_memory_is_reset_where_an_episode_begins_and_goes_on_to_the_next_rollout() -> None:
    policy, collector = Reader(), Collector(Clock(), 4, seed=0)
    first = collector.collect(policy).batch
    second = collector.collect(policy).batch
    assert policy.remembered == [[0, 0], [1, 1], [0, 2], [1, 0], [0, 1], [1, 2], [0, 0], [1, 1]]
    assert first.memory.valid[:, 0].sum(-1).tolist() == [0, 0]
    assert second.memory.valid[:, 0].sum(-1).tolist() == [0, 1]
    assert second.started[0].tolist() == [True, False]


def test_actions_that_were_taken_are_those_that_are_stored(played: Any) -> None:
    rollout, _, environment, _ = played
    for name in ("X", "Y"):
        assert rollout.action[name].equal(torch.stack([action[name] for action in environment.actions]))
    assert (rollout.log_prob == -0.5).all()


def test_episode_statistics_by_hand(played: Any) -> None:
    """Copies 0 and 1 end their episodes at steps 2, 3, 4, 6 and 6.

    Rewards are 1 + 2 in copy 0 and 1 + 2 + 3 in copy 1, times the place. The X that is absent
    does not count; the one that leaves counts, with what it got until then. Scores are over all agents:
    (3 + 9) / 2 and (3 + 12 + 18) / 3.
    """
    metrics = played[1].metrics
    assert metrics["episode/length"] == [2, 3, 2, 2, 3]
    assert metrics["return/Y"] == [9, 18, 9, 9, 18]
    assert metrics["return/X"] == [3, (3 + 12) / 2, 3, 3, (3 + 12) / 2]
    assert metrics["hits/X"] == [0, 0, 1, 0, 0.5]
    assert metrics["hits/Y"] == [0] * 5
    assert metrics["episode/share_with_hit"] == [0, 0, 1, 0, 1]
    assert metrics["links/Y"] == [1.5, 2, 1.5, 1.5, 2]
    assert metrics["links/X"] == [1.5, (1.5 + 2) / 2, 1.5, 1.5, (1.5 + 2) / 2]  # over the steps of each
    # told from the first episode on in which somebody left: one X of two was there for two of three steps
    assert metrics["alive/X"] == pytest.approx([5 / 6, 1, 1, 5 / 6])
    assert metrics["alive/Y"] == [1] * 4
    assert played[1].scores == [6, 11, 6, 6, 11]
    assert played[1].class_scores == {"X": metrics["return/X"], "Y": metrics["return/Y"]}
    assert played[1].ended_at == [4, 6, 8, 12, 12]
    assert len(played[1]) == 5
    assert played[1].means()["episode/length"] == pytest.approx(12 / 5)


def test_an_episode_may_begin_in_one_rollout_and_end_in_the_next() -> None:
    whole, parts = Collector(Clock(), 12, seed=0), Collector(Clock(), 4, seed=0)
    expected = whole.collect(Reader()).episodes
    pieces = [parts.collect(Reader()).episodes for _ in range(3)]
    joined = {name: [x for piece in pieces for x in piece.metrics[name]] for name in expected.metrics}
    assert joined == dict(expected.metrics)


def assert_same(ours: Any, theirs: Any) -> None:
    for name, value in ours.__dict__.items():
        other = getattr(theirs, name)
        if isinstance(value, Tensor):
            assert value.equal(other), name
        elif isinstance(value, dict):
            assert all(value[key].equal(other[key]) for key in value), name
        elif value is not None:
            assert_same(value, other)


@pytest.mark.parametrize("through_files", [False, True])
def test_a_stored_state_goes_on_bit_for_bit(
    through_files: bool,
    make_meeting: Callable[..., Meeting],
    team_config: Callable[..., ActorCriticConfig],
    tmp_path: Any,
) -> None:
    """Episodes of 5 steps and rollouts of 4, so that the state lies within an episode."""
    collector = Collector(make_meeting({"A": 1, "B": 2}), 4, seed=3)
    policy = ActorCritic(collector.environment.roster, team_config())
    collector.collect(policy)
    state = collector.state()
    if through_files:
        save_state(tmp_path, "collector", state)
        state = load_state(tmp_path, "collector")
    expected = [collector.collect(policy) for _ in range(2)]
    other = Collector(make_meeting({"A": 1, "B": 2}), 4, seed=99)
    other.load_state(state)
    for collected in expected:
        again = other.collect(policy)
        assert_same(again.batch, collected.batch)
        assert again.episodes.metrics == collected.episodes.metrics


def test_the_seed_decides(make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]) -> None:
    policy = ActorCritic(make_meeting({"A": 1, "B": 1}).roster, team_config())
    first, same, other = (
        Collector(make_meeting({"A": 1, "B": 1}), 4, seed).collect(policy).batch for seed in (1, 1, 2)
    )
    assert_same(first, same)
    assert not first.reward.equal(other.reward) or not first.log_prob.equal(other.log_prob)


def test_an_environment_that_cannot_be_stored_begins_anew(
    make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meeting, "state", lambda self: None)
    collector = Collector(make_meeting({"A": 1, "B": 2}), 4, seed=3)
    policy = ActorCritic(collector.environment.roster, team_config())
    collector.collect(policy)
    other, twin = (Collector(make_meeting({"A": 1, "B": 2}), 4, seed=3) for _ in range(2))
    first = other.observation.features["A"].clone()
    for each in (other, twin):
        each.load_state(collector.state())
    assert other.started.all()
    assert not other.observation.features["A"].equal(first)  # the run does not begin with the same episodes again
    assert_same(other.collect(policy).batch, twin.collect(policy).batch)


class Dull(Clock):
    """Class Y sees zeros."""

    def observe(self) -> Observation:
        seen = super().observe()
        return replace(seen, features={**seen.features, "Y": torch.zeros_like(seen.features["Y"])})


def test_a_class_that_sees_the_same_at_each_step_is_told_of_once() -> None:
    collector = Collector(Dull(), 128, 0)
    with pytest.warns(Note, match=r"^class Y saw the same at each step of the first rollout: .*marl check") as told:
        collector.collect(Reader())
    collector.collect(Reader())
    assert len(told) == 1


@pytest.mark.parametrize(
    ("paid", "won"),
    [
        (((1.0, -3.0), (-1.0, 3.0)), {"won/solo_0": 0.0, "won/solo_1": 1.0}),
        (((0.0, 0.0), (0.0, 0.0)), {}),
        (((1.0, -3.0), (-1.0, 2.0)), {}),
    ],
    ids=["opposite", "nothing yet", "not opposite"],
)
def test_of_two_whose_returns_are_opposite_it_is_told_who_won(
    paid: tuple[tuple[float, ...], ...], won: dict[str, float]
) -> None:
    collector = Collector(Written(("xx", "xx"), ("dies", "dies"), paid), 4, seed=0)  # type: ignore[arg-type]
    means = collector.collect(Still()).episodes.means()  # type: ignore[arg-type]
    assert {name: value for name, value in means.items() if name.startswith("won/")} == won
    assert "return/solo" in means


def test_rivals_whose_returns_were_not_opposite_once_are_none_for_good() -> None:
    written, means = Written(("xx", "xx"), ("dies", "dies")), []
    collector = Collector(written, 2, seed=0)  # type: ignore[arg-type]
    for paid in ([[1.0, -1.0]] * 2, [[1.0, -1.0], [1.0, 1.0]], [[1.0, -1.0]] * 2):
        written.paid = torch.tensor(paid)
        means.append(collector.collect(Still()).episodes.means())  # type: ignore[arg-type]
    assert ["won/solo_0" in each for each in means] == [True, False, False]
