"""Drivers of PettingZoo's two kinds of environments: one step of a driver is one env step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pettingzoo.utils.conversions import aec_to_parallel_wrapper
from pettingzoo.utils.env import AECEnv, ParallelEnv

from marl.tasks.answers import AnswerError

__all__ = ["Driver", "Turn", "driver_of", "written_before"]


@dataclass(frozen=True)
class Turn:
    """Answer of an environment to a reset, or to the actions of a step; all by agent.

    Args:
        observations: of those who are to move now, and of those who left in the step.
        present: agents that are there now.
        rewards: what agents received.
        terminated: True for those who ended by the task in the step.
        truncated: True for those who were cut by a limit in the step.
        infos: of any agents.
        acting: agent whose turn it is; None if all are to move.
    """

    observations: Mapping[Any, Any]
    present: Iterable[Any]
    rewards: Mapping[Any, Any] = field(default_factory=dict)
    terminated: Mapping[Any, Any] = field(default_factory=dict)
    truncated: Mapping[Any, Any] = field(default_factory=dict)
    infos: Mapping[Any, Any] = field(default_factory=dict)
    acting: Any = None


class Driver(Protocol):
    """One environment, whatever its kind.

    Raises:
        AnswerError: by all methods, for answers that PettingZoo does not know.
    """

    takes_turns: bool
    """True if one agent moves at a time."""

    def reset(self, seed: int) -> Turn:
        """Begin an episode."""
        ...

    def step(self, actions: Mapping[Any, Any]) -> Turn:
        """Step once with the actions of all who are to move, and those of others, which are not used."""
        ...


def driver_of(env: Any) -> Driver:
    """Driver of an environment.

    A ``ParallelEnv`` that PettingZoo made of an AEC environment is driven as that, as the conversion observes each
    agent twice; so is an AEC environment whose agents act at once (``is_parallelizable``).

    Raises:
        ValueError: if it is none of PettingZoo's.
    """
    if isinstance(env, aec_to_parallel_wrapper):
        return CycleDriver(env.aec_env)
    if isinstance(env, ParallelEnv):
        return ParallelDriver(env)
    if not isinstance(env, AECEnv):
        kind = type(env)
        raise ValueError(
            f"it makes a {kind.__module__}.{kind.__qualname__}; make a pettingzoo.ParallelEnv or a pettingzoo.AECEnv"
        )
    return CycleDriver(env) if (env.metadata or {}).get("is_parallelizable") else TurnDriver(env)


def written_before(version: str, old: bool = True) -> str:
    """End of an error: environments were written otherwise before a version of PettingZoo; empty if not ``old``."""
    return f"; it was written for PettingZoo before {version}: take its newer version" if old else ""


class ParallelDriver:
    """Driver of a ``ParallelEnv``."""

    takes_turns = False

    def __init__(self, env: ParallelEnv[Any, Any, Any]) -> None:
        self.env = env

    def reset(self, seed: int) -> Turn:
        """See `Driver`."""
        given = self.env.reset(seed=seed)
        if not isinstance(given, tuple) or len(given) != 2:
            raise AnswerError(
                "gave no two values at a reset; PettingZoo's parallel reset gives observations, infos"
                + written_before("1.23", isinstance(given, Mapping))
            )
        return Turn(given[0], self.env.agents, infos=given[1] or {})

    def step(self, actions: Mapping[Any, Any]) -> Turn:
        """See `Driver`."""
        given = self.env.step({agent: actions[agent] for agent in self.env.agents})
        if not isinstance(given, tuple) or len(given) != 5:
            raise AnswerError(
                "gave no five values at a step; PettingZoo's parallel step gives observations, rewards, terminations, "
                "truncations, infos" + written_before("1.22", isinstance(given, tuple) and len(given) == 4)
            )
        observations, rewards, terminated, truncated, infos = given
        return Turn(observations, self.env.agents, rewards, terminated, truncated, infos)


class CycleDriver:
    """Driver of an AEC environment whose world moves once all agents have acted."""

    takes_turns = False

    def __init__(self, env: AECEnv[Any, Any, Any]) -> None:
        self.env = env

    def reset(self, seed: int) -> Turn:
        """See `Driver`."""
        env = self.env
        env.reset(seed=seed)
        _check_flags(env)
        return Turn({agent: env.observe(agent) for agent in env.agents}, env.agents, infos=env.infos)

    def step(self, actions: Mapping[Any, Any]) -> Turn:
        """See `Driver`."""
        env = self.env
        agents = list(env.agents)
        rewards = dict.fromkeys(agents, 0.0)
        for agent in agents:
            if env.agent_selection != agent:
                raise AnswerError(
                    f"selected {env.agent_selection} where {agent} was to act, and says is_parallelizable; agents act "
                    "in the order of env.agents there, and die at the end of a cycle"
                )
            env.step(actions[agent])
            for receiver, reward in env.rewards.items():
                rewards[receiver] += reward
        terminated, truncated, infos = dict(env.terminations), dict(env.truncations), dict(env.infos)
        observations = {agent: env.observe(agent) for agent in env.agents}
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            env.step(None)  # takes one who ended out of env.agents
        return Turn(observations, env.agents, rewards, terminated, truncated, infos)


class TurnDriver:
    """Driver of an AEC environment of turns: only who is to move is observed, and receives what came since its last."""

    takes_turns = True

    def __init__(self, env: AECEnv[Any, Any, Any]) -> None:
        self.env = env

    def reset(self, seed: int) -> Turn:
        """See `Driver`."""
        self.env.reset(seed=seed)
        _check_flags(self.env)
        return self._until_a_move()

    def step(self, actions: Mapping[Any, Any]) -> Turn:
        """See `Driver`."""
        self.env.step(actions[self.env.agent_selection])
        return self._until_a_move()

    def _until_a_move(self) -> Turn:
        """Go on to an agent that can move; those who ended take their last reward and leave."""
        env, acting = self.env, None
        observations, rewards, terminated, truncated, infos = {}, {}, {}, {}, {}
        while env.agents:
            agent = env.agent_selection
            observations[agent], rewards[agent], terminated[agent], truncated[agent], infos[agent] = env.last()
            if not (terminated[agent] or truncated[agent]):
                acting = agent
                break
            env.step(None)
        return Turn(observations, env.agents, rewards, terminated, truncated, infos, acting)


def _check_flags(env: AECEnv[Any, Any, Any]) -> None:
    if getattr(env, "terminations", None) is None:
        old = getattr(env, "dones", None) is not None
        raise AnswerError(
            "has no terminations after its reset; AEC environments of PettingZoo have terminations and truncations"
            + written_before("1.22", old)
        )
