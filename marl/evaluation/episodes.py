"""Whole episodes with a fixed policy, and their measurements."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from torch import Tensor

from marl.core.environment import Environment, Numbered, Presentable
from marl.core.errors import EnvironmentFailedError, Note
from marl.core.limits import SEED_BELOW
from marl.core.scene import Picture, Scene
from marl.core.seeding import ACTIONS, episode_seed, global_seed, stream
from marl.evaluation.tally import EpisodeTable, Groups, Tally, joined
from marl.policies.policy import EpisodePlayer

__all__ = [
    "MAX_STEPS",
    "MOST_NUMBERED",
    "Deeds",
    "EpisodePlayer",
    "EpisodeTable",
    "Moment",
    "StoppedError",
    "play_episodes",
    "play_moments",
    "record_episode",
    "score_name",
]

LARGEST_BATCH = 1024
MOST_PAIRS = 2**26
"""Pairs of agents in all copies of a batch; only teams of more than 256 agents have smaller batches."""
MOST_NUMBERED = 8
"""Copies of a `Numbered` environment, each of which takes memory and is made anew for every evaluation."""
MAX_STEPS = 10_000
"""Steps after which an episode is cut, unless another number is asked for."""


class StoppedError(Exception):
    """Episodes that were not played to their end, as stopping was asked for."""


@dataclass(frozen=True)
class Deeds:
    """Deeds of the agents of one copy in one step.

    Args:
        action: of each class, ``[N_c]`` or ``[N_c, A]``.
        reward: ``[N]``.
        alive: ``[N]``, True for agents that acted.
    """

    action: dict[str, Tensor]
    reward: Tensor
    alive: Tensor

    @property
    def rows(self) -> list[tuple[Any, float, bool]]:
        """Action, reward and presence of each agent."""
        actions = [action for of_class in self.action.values() for action in of_class.tolist()]
        return list(zip(actions, self.reward.tolist(), self.alive.tolist(), strict=True))


@dataclass(frozen=True)
class Moment:
    """One moment of an episode.

    Args:
        score: number of events so far; the mean return of the agents if the task names none.
        drawn: its scene or picture; None where none was wanted.
        over: True at the end of the episode.
        deeds: that led to it; None at the start.
    """

    score: float
    drawn: Scene | Picture | None
    over: bool = False
    deeds: Deeds | None = None


def play_episodes(
    make_environment: Callable[[int], Environment],
    player: EpisodePlayer,
    episodes: int,
    seed: int,
    messages: bool = True,
    deterministic: bool = False,
    max_steps: int = MAX_STEPS,
    watch: Callable[[int, int], bool] | None = None,
    most_copies: int = MOST_NUMBERED,
    groups: Groups | None = None,
) -> EpisodeTable:
    """Play episodes, in the order of their numbers.

    A `Numbered` environment has few copies, to which they are dealt; each has its own seed. Others play one a copy, in
    batches of at most 1,024 copies, fewer of very large teams. The initial worlds depend on the seed alone, so that
    policies are compared in the same worlds. A note says how many episodes were cut. `random` and `np.random`
    are seeded, too, and restored at the end.

    Args:
        make_environment: makes an environment from a number of copies.
        player: the policy.
        episodes: number of episodes, at least 1.
        seed: of environments and actions.
        messages: False switches them off.
        deterministic: take the most probable actions instead of drawing them.
        max_steps: steps after which an episode is cut.
        watch: called at each step with the numbers of episodes that have ended and of env steps played, as copies in
            lockstep end late; False stops.
        most_copies: bound of the copies of a `Numbered` environment.
        groups: agents of which returns are told apart; None for classes.

    Raises:
        ValueError: for fewer than one episode.
        StoppedError: if ``watch`` stops.
        EnvironmentFailedError: if a copy fails.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; give at least 1")
    probe = make_environment(1)
    copies = most_copies if probe.numbered else max(1, min(LARGEST_BATCH, MOST_PAIRS // probe.roster.size**2))
    batch = episodes if probe.numbered else copies
    probe.close()
    tables: list[EpisodeTable] = []
    with global_seed(seed % SEED_BELOW):
        for number, start in enumerate(range(0, episodes, batch)):
            size = min(batch, episodes - start)
            environment = make_environment(min(copies, size))
            try:
                options = (size, seed + 1_000_003 * number, messages, deterministic, max_steps)
                before = start, sum(int(table.length.sum()) for table in tables)
                tables.append(_play_batch(environment, player, *options, partial(_watched, watch, *before), groups))
            finally:
                environment.close()
    returns = np.concatenate([t.agent_return for t in tables])
    if not np.isfinite(returns).all():
        first = np.isfinite(returns).argmin()
        raise EnvironmentFailedError(f"the environment gave a reward in episode {first} that is not finite")
    cut = sum(table.cut for table in tables)
    if cut:
        told = f"{cut} of {episodes} episodes were cut after {max_steps:,} steps and count with what they had brought"
        warnings.warn(told, Note, stacklevel=2)
    seeds = tuple(episode_seed(seed, number) for number in range(episodes)) if probe.numbered else ()
    return joined(tables, cut, seeds)


def _watched(
    watch: Callable[[int, int], bool] | None, ended_before: int, steps_before: int, ended: int, env_steps: int
) -> None:
    if watch is not None and not watch(ended_before + ended, steps_before + env_steps):
        raise StoppedError


def _play_batch(
    environment: Environment,
    player: EpisodePlayer,
    episodes: int,
    seed: int,
    messages: bool,
    deterministic: bool,
    max_steps: int,
    watch: Callable[[int, int], None],
    groups: Groups | None,
) -> EpisodeTable:
    generator = None if deterministic else stream(seed, ACTIONS, environment.device)
    observation = environment.reset(seed)
    memory = player.initial_memory(environment.num_copies, environment.roster.size)
    tally = Tally(environment, episodes, observation.alive.shape[-1], groups)
    env_steps = 0
    while tally.ended < episodes:
        act = player.act(observation if messages else observation.without_messages(), memory, generator)
        step = environment.step(act.action)
        cut = tally.count(step, observation.alive, max_steps)
        observation = step.observation
        env_steps += environment.num_copies
        watch(tally.ended, env_steps)
        if bool(cut.any()) and tally.ended < episodes:  # only where copies have a second episode to play
            observation = cast(Numbered, environment).restart(cut)
        memory = None if act.memory is None else act.memory.reset(step.ended | cut)
    return tally.table()


def record_episode(
    environment: Presentable,
    player: EpisodePlayer,
    seed: int,
    take: Callable[[Any], object],
    messages: bool = True,
    deterministic: bool = False,
    max_steps: int = MAX_STEPS,
    watch: Callable[[int], bool] | None = None,
    wants: Callable[[int], bool] | None = None,
) -> list[float]:
    """Play one episode of the first copy and hand on its scenes as they come.

    Args:
        environment: is reset.
        player: the policy.
        seed: of the world and of the actions drawn.
        take: called with each scene or picture, those before the first step and at the end of the episode included.
        messages: True if agents hear each other.
        deterministic: take the most probable actions instead of drawing them.
        max_steps: steps after which the episode is cut, with a note.
        watch: called after each step with its number; False stops.
        wants: called after each step with its number; False draws nothing, and ``take`` gets None, but for the last.

    Returns:
        With each scene the number of events so far (the return if the task names none).

    Raises:
        UndrawableError: if the task cannot be drawn.
        StoppedError: if ``watch`` stops.
    """
    scores = list[float]()
    moments = play_moments(environment, player, seed, messages, deterministic, max_steps, wants)
    for number, moment in enumerate(moments):
        take(moment.drawn)
        scores.append(moment.score)
        if number and not moment.over and watch is not None and not watch(number):
            raise StoppedError
    return scores


def play_moments(
    environment: Presentable,
    player: EpisodePlayer,
    seed: int,
    messages: bool = True,
    deterministic: bool = False,
    max_steps: int = MAX_STEPS,
    wants: Callable[[int], bool] | None = None,
    drawn: bool = True,
) -> Iterator[Moment]:
    """Play one episode of the first copy, each step when its moment is asked for; see `record_episode`.

    Args:
        environment, player, seed, messages, deterministic, max_steps, wants: see there.
        drawn: False for moments without scenes.

    Yields:
        The start, and the moment after each step.

    Raises:
        UndrawableError: if the task cannot be drawn.
    """
    generator = None if deterministic else stream(seed, ACTIONS, environment.device)
    observation = environment.reset(seed)
    memory = player.initial_memory(environment.num_copies, environment.roster.size)
    brought, took_part = 0.0, observation.alive[0]
    yield Moment(0.0, environment.scene() if drawn else None)
    for number in range(1, max_steps + 1):
        act = player.act(observation if messages else observation.without_messages(), memory, generator)
        step = environment.step(act.action)
        alive = observation.alive[0]
        took_part = took_part | alive
        counted = [step.info[name] for name in environment.events] or [step.reward]
        brought += float(sum((each[0] * alive).sum() for each in counted))
        score = brought if environment.events else brought / int(took_part.sum())
        memory, observation = act.memory, step.observation
        over = bool(step.ended[0])
        shown = drawn and (wants is None or over or number == max_steps or wants(number))
        deeds = Deeds({name: action[0] for name, action in act.action.items()}, step.reward[0], alive)
        yield Moment(score, environment.scene(at_end=over) if shown else None, over, deeds)
        if over:
            return
    warnings.warn(f"the episode was cut after {max_steps:,} steps", Note, stacklevel=2)


def score_name(environment: Environment) -> str:
    """Name of the scores of `record_episode`."""
    return " and ".join(environment.events) or "return"
