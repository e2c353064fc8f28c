"""Whole episodes with a fixed policy, and their measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.environment import Environment, Presentable
from marl.core.records import Memory, Observation, Step
from marl.core.scene import Picture, Scene
from marl.core.seeding import ACTIONS, stream
from marl.policies.policy import Act

__all__ = ["EpisodePlayer", "EpisodeTable", "play_episodes", "record_episode", "score_name"]

LARGEST_BATCH = 1024
MOST_PAIRS = 2**26
"""Pairs of agents in all copies of a batch; only teams of more than 256 agents have smaller batches."""


class EpisodePlayer(Protocol):
    """Policy as `play_episodes` needs it."""

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """Memory at the beginning of an episode."""
        ...

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent."""
        ...


@dataclass
class EpisodeTable:
    """Measurements of episodes, one row each.

    Args:
        length: ``[E]``, steps.
        agent_return: ``[E]``, sum of rewards, mean over the agents.
        events: for each kind of event ``[E]``, their number, summed over the agents.
        first: for each kind of event ``[E]``, the step (from 1) of the first; NaN if there was none.
    """

    length: NDArray[np.float64]
    agent_return: NDArray[np.float64]
    events: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    first: dict[str, NDArray[np.float64]] = field(default_factory=dict)


class _Tally:
    """Tally of each copy's first episode; later episodes are ignored."""

    def __init__(self, environment: Environment, alive: torch.Tensor) -> None:
        zeros = torch.zeros(environment.num_copies, dtype=torch.float64, device=environment.device)
        self.running = torch.ones_like(zeros, dtype=torch.bool)
        self.length, self.agent_return = zeros.clone(), zeros.clone()
        self.number = alive.sum(-1)
        self.events = {name: zeros.clone() for name in environment.events}
        self.first = {name: torch.full_like(zeros, torch.nan) for name in environment.events}

    def count(self, step: Step) -> None:
        self.length += self.running
        self.agent_return += self.running * step.reward.sum(-1) / self.number
        for name, total in self.events.items():
            happened = step.info[name].sum(-1) * self.running
            begins = (total == 0) & (happened > 0)
            self.first[name] = torch.where(begins, self.length, self.first[name])
            total += happened
        self.running = self.running & ~step.ended

    def table(self) -> EpisodeTable:
        return EpisodeTable(
            self.length.cpu().numpy(),
            self.agent_return.cpu().numpy(),
            {name: total.cpu().numpy() for name, total in self.events.items()},
            {name: step.cpu().numpy() for name, step in self.first.items()},
        )


def play_episodes(
    make_environment: Callable[[int], Environment],
    player: EpisodePlayer,
    episodes: int,
    seed: int,
    messages: bool = True,
    deterministic: bool = False,
) -> EpisodeTable:
    """Play episodes in batches of at most 1,024 copies, fewer of very large teams.

    The initial worlds depend on the seed alone, so that policies are compared in the same worlds.

    Args:
        make_environment: makes an environment from a number of copies.
        player: the policy.
        episodes: number of episodes, at least 1.
        seed: of environments and actions.
        messages: False switches them off.
        deterministic: take the most probable actions instead of drawing them.

    Raises:
        ValueError: for fewer than one episode.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; give at least 1")
    probe = make_environment(1)
    copies = max(1, min(LARGEST_BATCH, MOST_PAIRS // probe.roster.size**2))
    probe.close()
    tables = []
    for batch, start in enumerate(range(0, episodes, copies)):
        environment = make_environment(min(copies, episodes - start))
        try:
            tables.append(_play_batch(environment, player, seed + 1_000_003 * batch, messages, deterministic))
        finally:
            environment.close()
    return EpisodeTable(
        np.concatenate([t.length for t in tables]),
        np.concatenate([t.agent_return for t in tables]),
        {name: np.concatenate([t.events[name] for t in tables]) for name in tables[0].events},
        {name: np.concatenate([t.first[name] for t in tables]) for name in tables[0].first},
    )


def _play_batch(
    environment: Environment, player: EpisodePlayer, seed: int, messages: bool, deterministic: bool
) -> EpisodeTable:
    generator = None if deterministic else stream(seed, ACTIONS, environment.device)
    observation = environment.reset(seed)
    memory = player.initial_memory(environment.num_copies, environment.roster.size)
    tally = _Tally(environment, observation.alive)
    while bool(tally.running.any()):
        act = player.act(observation if messages else observation.without_messages(), memory, generator)
        step = environment.step(act.action)
        tally.count(step)
        memory = None if act.memory is None else act.memory.reset(step.ended)
        observation = step.observation
    return tally.table()


def record_episode(
    environment: Presentable, player: EpisodePlayer, seed: int, messages: bool = True, deterministic: bool = False
) -> tuple[list[Scene | Picture], list[float]]:
    """Play one episode of the first copy and record its scenes.

    The scene before the first step is recorded, that after the last is not, as the copy was reset.

    Args:
        environment: is reset.
        player: the policy.
        seed: of the world and of the actions drawn.
        messages: True if agents hear each other.
        deterministic: take the most probable actions instead of drawing them.

    Returns:
        Scenes, and with each the number of events so far (the return if the task names none);
        there is one more score than scenes, that of the whole episode.

    Raises:
        UndrawableError: if the task cannot be drawn.
    """
    generator = None if deterministic else stream(seed, ACTIONS, environment.device)
    observation = environment.reset(seed)
    memory = player.initial_memory(environment.num_copies, environment.roster.size)
    scenes: list[Scene | Picture] = []
    scores, score = [], 0.0
    while True:
        scenes.append(environment.scene())
        scores.append(score)
        act = player.act(observation if messages else observation.without_messages(), memory, generator)
        step = environment.step(act.action)
        counted = [step.info[name][0].sum() for name in environment.events] or [step.reward[0].mean()]
        score += float(sum(counted))
        memory, observation = act.memory, step.observation
        if bool(step.ended[0]):
            return scenes, [*scores, score]


def score_name(environment: Environment) -> str:
    """Name of the scores of `record_episode`."""
    return " and ".join(environment.events) or "return"
