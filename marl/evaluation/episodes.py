"""Whole episodes with a fixed policy, and their measurements."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.environment import Environment, Presentable
from marl.core.errors import Note
from marl.core.records import Memory, Observation, Step
from marl.core.scene import Picture, Scene
from marl.core.seeding import ACTIONS, stream
from marl.policies.policy import Act

__all__ = [
    "MAX_STEPS",
    "EpisodePlayer",
    "EpisodeTable",
    "StoppedError",
    "play_episodes",
    "record_episode",
    "score_name",
]

LARGEST_BATCH = 1024
MOST_PAIRS = 2**26
"""Pairs of agents in all copies of a batch; only teams of more than 256 agents have smaller batches."""
MAX_STEPS = 10_000
"""Steps after which an episode is cut, unless another number is asked for."""


class StoppedError(Exception):
    """Episodes that were not played to their end, as stopping was asked for."""


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
        cut: number of episodes that were cut, which count with what they had brought.
    """

    length: NDArray[np.float64]
    agent_return: NDArray[np.float64]
    events: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    first: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    cut: int = 0


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
            int(self.running.sum()),
        )


def play_episodes(
    make_environment: Callable[[int], Environment],
    player: EpisodePlayer,
    episodes: int,
    seed: int,
    messages: bool = True,
    deterministic: bool = False,
    max_steps: int = MAX_STEPS,
    watch: Callable[[int], bool] | None = None,
) -> EpisodeTable:
    """Play episodes in batches of at most 1,024 copies, fewer of very large teams.

    The initial worlds depend on the seed alone, so that policies are compared in the same worlds. A note says how many
    episodes were cut.

    Args:
        make_environment: makes an environment from a number of copies.
        player: the policy.
        episodes: number of episodes, at least 1.
        seed: of environments and actions.
        messages: False switches them off.
        deterministic: take the most probable actions instead of drawing them.
        max_steps: steps after which an episode is cut.
        watch: called at each step with the number of episodes that have ended; False stops.

    Raises:
        ValueError: for fewer than one episode.
        StoppedError: if ``watch`` stops.
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
            options = (seed + 1_000_003 * batch, messages, deterministic, max_steps)
            tables.append(_play_batch(environment, player, *options, partial(_watched, watch, start)))
        finally:
            environment.close()
    cut = sum(table.cut for table in tables)
    if cut:
        told = f"{cut} of {episodes} episodes were cut after {max_steps:,} steps and count with what they had brought"
        warnings.warn(told, Note, stacklevel=2)
    return EpisodeTable(
        np.concatenate([t.length for t in tables]),
        np.concatenate([t.agent_return for t in tables]),
        {name: np.concatenate([t.events[name] for t in tables]) for name in tables[0].events},
        {name: np.concatenate([t.first[name] for t in tables]) for name in tables[0].first},
        cut,
    )


def _watched(watch: Callable[[int], bool] | None, before: int, ended: int) -> None:
    if watch is not None and not watch(before + ended):
        raise StoppedError


def _play_batch(
    environment: Environment,
    player: EpisodePlayer,
    seed: int,
    messages: bool,
    deterministic: bool,
    max_steps: int,
    watch: Callable[[int], None],
) -> EpisodeTable:
    generator = None if deterministic else stream(seed, ACTIONS, environment.device)
    observation = environment.reset(seed)
    memory = player.initial_memory(environment.num_copies, environment.roster.size)
    tally = _Tally(environment, observation.alive)
    for _ in range(max_steps):
        act = player.act(observation if messages else observation.without_messages(), memory, generator)
        step = environment.step(act.action)
        tally.count(step)
        memory = None if act.memory is None else act.memory.reset(step.ended)
        observation = step.observation
        running = int(tally.running.sum())
        watch(environment.num_copies - running)
        if not running:
            break
    return tally.table()


def record_episode(
    environment: Presentable,
    player: EpisodePlayer,
    seed: int,
    take: Callable[[Scene | Picture], object],
    messages: bool = True,
    deterministic: bool = False,
    max_steps: int = MAX_STEPS,
    watch: Callable[[int], bool] | None = None,
) -> list[float]:
    """Play one episode of the first copy and hand on its scenes as they come.

    Args:
        environment: is reset.
        player: the policy.
        seed: of the world and of the actions drawn.
        take: called with each scene, that before the first step and that in which the episode ended included.
        messages: True if agents hear each other.
        deterministic: take the most probable actions instead of drawing them.
        max_steps: steps after which the episode is cut, with a note.
        watch: called after each step with its number; False stops.

    Returns:
        With each scene the number of events so far (the return if the task names none).

    Raises:
        UndrawableError: if the task cannot be drawn.
        StoppedError: if ``watch`` stops.
    """
    generator = None if deterministic else stream(seed, ACTIONS, environment.device)
    observation = environment.reset(seed)
    memory = player.initial_memory(environment.num_copies, environment.roster.size)
    scores = [0.0]
    take(environment.scene())
    for number in range(1, max_steps + 1):
        act = player.act(observation if messages else observation.without_messages(), memory, generator)
        step = environment.step(act.action)
        counted = [step.info[name][0].sum() for name in environment.events] or [step.reward[0].mean()]
        scores.append(scores[-1] + float(sum(counted)))
        memory, observation = act.memory, step.observation
        over = bool(step.ended[0])
        take(environment.scene(at_end=over))
        if over:
            return scores
        _watched(watch, 0, number)
    warnings.warn(f"the episode was cut after {max_steps:,} steps", Note, stacklevel=2)
    return scores


def score_name(environment: Environment) -> str:
    """Name of the scores of `record_episode`."""
    return " and ".join(environment.events) or "return"
