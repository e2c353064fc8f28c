"""Copies of PettingZoo AEC environments, and a check that they play on like the originals."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium.utils import EzPickle
from pettingzoo import AECEnv

from marl.core.errors import ConfigError

__all__ = [
    "Copier",
    "action_mask",
    "check_copies",
    "copy_past_ezpickle",
    "gathered_rewards",
    "legal_actions",
    "name_of",
    "without_turn",
]

Copier = Callable[[AECEnv], AECEnv]

LONGEST = 10_000  # most steps of a random game


def copy_past_ezpickle(env: AECEnv) -> AECEnv:
    """Copy the attributes of an environment whose class is a Gymnasium ``EzPickle``.

    ``copy.deepcopy`` would call the constructor of such a class, as PettingZoo's classic games are, once more, and lose
    the game.
    """
    memo: dict[int, Any] = {}
    inner = env.unwrapped
    if isinstance(inner, EzPickle):
        twin = memo[id(inner)] = object.__new__(type(inner))
        vars(twin).update(copy.deepcopy(vars(inner), memo))
    return copy.deepcopy(env, memo)


def name_of(env: AECEnv) -> str:
    """Name from the metadata, or that of the class."""
    return str(env.metadata.get("name", type(env.unwrapped).__name__))


def without_turn(env: AECEnv) -> bool:
    """True if the selected agent is out of the game and steps with None."""
    return bool(env.terminations[env.agent_selection] or env.truncations[env.agent_selection])


def gathered_rewards(env: AECEnv) -> Mapping[str, float]:
    """Rewards of each agent since its last action; empty if the environment does not gather them."""
    gathered: Mapping[str, float] = getattr(env, "_cumulative_rewards", {})
    return gathered


def action_mask(env: AECEnv, agent: str) -> Any:
    """``[A]`` from an agent's observation or info; None if neither has one."""
    observation = env.observe(agent)
    if isinstance(observation, Mapping) and "action_mask" in observation:
        return observation["action_mask"]
    return env.infos[agent].get("action_mask")


def legal_actions(env: AECEnv) -> tuple[int, ...]:
    """Legal actions of the selected agent, counted from 0; all actions if there is no mask.

    Raises:
        ConfigError: if no action is legal.
    """
    agent = env.agent_selection
    mask = action_mask(env, agent)
    found = range(env.action_space(agent).n) if mask is None else np.flatnonzero(mask).tolist()
    if not found:
        raise ConfigError(f"{name_of(env)}: no action of {agent} is legal, though it is its turn")
    return tuple(found)


def check_copies(env: AECEnv, copier: Copier, games: int = 3, seed: int = 0) -> None:
    """Play copies of an environment at random, and copies of these copies with the same actions, and compare them.

    After every step the agents, the selected one, observations, rewards, pending ones too, terminations,
    truncations and action masks are compared. A copy that is not being played must not change. The environment itself
    is not stepped.

    Args:
        env: in any state but the last.
        copier: makes a copy.
        games: number of games to play.
        seed: of the actions.

    Raises:
        ConfigError: naming the difference or the failure.
    """
    name, generator, longest = name_of(env), np.random.default_rng(seed), 1
    try:
        before = _seen(env)
    except Exception as error:
        raise ConfigError(f"{name}: it cannot be looked at ({_told(error)}); reset it first") from error
    forgets = copier is copy.deepcopy and isinstance(env.unwrapped, EzPickle)
    advice = "; its class is an EzPickle: copier=copy_past_ezpickle keeps its state" if forgets else ""
    for _ in range(games):
        try:
            longest = max(longest, _check_one(env, copier, generator, int(generator.integers(1, longest + 1))))
            _compare("the environment itself changes while its copies are played", before, _seen(env))
        except _UntrueError as error:
            raise ConfigError(f"{name}: its copies are not true: {error}{advice}") from error
        except Exception as error:
            raise ConfigError(f"{name}: its copies cannot be played: {_told(error)}{advice}") from error


class _UntrueError(Exception):
    """Difference between an environment and its copy."""


def _check_one(env: AECEnv, copier: Copier, generator: np.random.Generator, steps: int) -> int:
    """Copy a game after some random steps; return the number of steps left to its end."""
    original = copier(env)
    if original.unwrapped is env.unwrapped:
        raise _UntrueError("what the copier gives is the environment itself")
    _compare("a copy differs from it", _seen(env), _seen(original))
    _play(original, generator, steps)
    twin, middle = copier(original), _seen(original)
    _compare("a copy loses what was played", middle, _seen(twin))
    course = _play(original, generator, LONGEST)
    if original.agents:
        raise _UntrueError(f"a random game has not ended after {LONGEST:,} steps, and only what ends can be searched")
    _compare("a copy changes while its original is played", middle, _seen(twin))
    for action, after in course:
        twin.step(action)
        _compare("a copy goes on in another way", after, _seen(twin))
    return len(course)


def _play(env: AECEnv, generator: np.random.Generator, steps: int) -> list[tuple[int | None, dict[str, Any]]]:
    """Random legal actions, and the observed values after each; fewer if the game ends."""
    course: list[tuple[int | None, dict[str, Any]]] = []
    while env.agents and len(course) < steps:
        action = None
        if not without_turn(env):
            action = int(env.action_space(env.agent_selection).start) + int(generator.choice(legal_actions(env)))
        env.step(action)
        course.append((action, _seen(env)))
    return course


def _seen(env: AECEnv) -> dict[str, Any]:
    """Observable values of an environment by name, in a form that compares."""
    found: dict[str, Any] = {"agents": tuple(env.agents)}
    if env.agents:
        found["agent_selection"] = env.agent_selection
    for agent in env.agents:
        found[f"observation of {agent}"] = _comparable(env.observe(agent))
        found[f"action mask of {agent}"] = _comparable(action_mask(env, agent))
        found[f"termination of {agent}"] = bool(env.terminations[agent])
        found[f"truncation of {agent}"] = bool(env.truncations[agent])
    for agent in env.possible_agents:  # an end may empty `agents` and give rewards
        found[f"reward of {agent}"] = float(env.rewards.get(agent, 0.0))
        found[f"pending reward of {agent}"] = float(gathered_rewards(env).get(agent, 0.0))
    return found


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tolist() if value.dtype == object else value.tobytes()
    if isinstance(value, Mapping):
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_comparable(inner) for inner in value]
    return value


def _compare(what: str, wished: dict[str, Any], found: dict[str, Any]) -> None:
    for part in {**wished, **found}:
        if wished.get(part) != found.get(part):
            raise _UntrueError(f"{what} ({part})")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
