"""PettingZoo environments whose agents die, are cut, join and take turns at moments that are given beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.env import AECEnv, ParallelEnv

__all__ = ["Leaving", "Painted", "PaintedTurns", "Turns", "leaving", "painted"]


class Leaving(ParallelEnv):
    """Agents that observe their index and the time, and get 1 at each step.

    Args:
        dies: step at which an agent is terminated, by name.
        cut: step at which one is truncated.
        joins: step at which one comes; the others are there from the reset on.
        returns: step at which one that died comes back.
        masks: True for an ``action_mask`` in the infos: at time ``t`` only action ``t % 2`` is legal.
        silent: True if an agent that leaves is told no last observation.
    """

    metadata = {"name": "leaving", "render_modes": []}
    possible_agents = ["x", "y", "z"]

    def __init__(
        self,
        dies: Mapping[str, int] | None = None,
        cut: Mapping[str, int] | None = None,
        joins: Mapping[str, int] | None = None,
        returns: Mapping[str, int] | None = None,
        masks: bool = False,
        silent: bool = False,
    ) -> None:
        self.dies, self.cut, self.joins, self.returns = dies or {}, cut or {}, joins or {}, returns or {}
        self.masks, self.silent, self.played = masks, silent, []
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Box(0, 99, (2,), np.float32)

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(2)

    def _told(self, agents: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        seen = {name: np.array([self.possible_agents.index(name), self.time], np.float32) for name in agents}
        mask = np.arange(2) == self.time % 2
        return seen, {name: {"action_mask": mask.astype(np.int8)} if self.masks else {} for name in agents}

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, [name for name in self.possible_agents if name not in self.joins]
        return self._told(self.agents)

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        assert list(actions) == self.agents
        self.played.append((self.time, actions))
        self.time += 1
        was = self.agents
        terminated, truncated = ({name: who.get(name) == self.time for name in was} for who in (self.dies, self.cut))
        self.agents = [name for name in was if not (terminated[name] or truncated[name])]
        self.agents += [name for name, time in [*self.joins.items(), *self.returns.items()] if time == self.time]
        seen, infos = self._told(self.agents if self.silent else list(dict.fromkeys([*was, *self.agents])))
        return seen, dict.fromkeys(was, 1.0), terminated, truncated, infos


def leaving(**arguments: Any) -> Leaving:
    """Make one, as a module's function."""
    return Leaving(**arguments)


PAINTING = spaces.Box(0, 99, (4, 5, 2), np.int8)


def painting(index: int, time: int) -> Any:
    """One channel full of the index and one, the other of the time; its last corner of 99."""
    painted = np.empty(PAINTING.shape, np.int8)
    painted[..., 0], painted[..., 1] = index + 1, time
    painted[3, 4] = 99
    return painted


class Painted(Leaving):
    """`Leaving` with paintings to observe."""

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return PAINTING

    def _told(self, agents: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        seen, infos = super()._told(agents)
        return {name: painting(*map(int, each)) for name, each in seen.items()}, infos


def painted(**arguments: Any) -> Painted:
    """Make one, as a module's function."""
    return Painted(**arguments)


class Turns(AECEnv):
    """Players who move in a given order; each move of player ``i`` gives all others ``10 ** i``; the last ends it.

    Args:
        order: indices of the players, one a move.
        masks: True for an ``action_mask`` in the observation: only the action of the mover's index is legal.
    """

    metadata = {"name": "turns"}
    possible_agents = ["p_0", "p_1", "p_2"]

    def __init__(self, order: Sequence[int] = (0, 1, 0, 2), masks: bool = False) -> None:
        super().__init__()
        self.order, self.masks, self.observed = order, masks, []
        self.render_mode = None

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        own = spaces.Box(0, 99, (2,), np.float32)
        return spaces.Dict({"observation": own, "action_mask": spaces.MultiBinary(3)}) if self.masks else own

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(3)

    def observe(self, agent: str) -> Any:
        self.observed.append((self.time, agent))
        index = self.possible_agents.index(agent)
        own = np.array([index, self.time], np.float32)
        return {"observation": own, "action_mask": np.eye(3, dtype=np.int8)[index]} if self.masks else own

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        self.time, self.agents = 0, list(self.possible_agents)
        self.rewards, self._cumulative_rewards = (dict.fromkeys(self.agents, 0) for _ in range(2))
        self.terminations, self.truncations = (dict.fromkeys(self.agents, False) for _ in range(2))
        self.infos: dict[str, Any] = {name: {} for name in self.agents}
        self.agent_selection = self.possible_agents[self.order[0]]

    def step(self, action: Any) -> None:
        mover = self.agent_selection
        if self.terminations[mover]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[mover] = 0
        given = 10 ** self.possible_agents.index(mover)
        self.rewards = {name: 0 if name == mover else given for name in self.agents}
        self.time += 1
        over = self.time == len(self.order)
        if over:
            self.terminations = dict.fromkeys(self.agents, True)
        self.agent_selection = self.agents[0] if over else self.possible_agents[self.order[self.time]]
        self._accumulate_rewards()


class PaintedTurns(Turns):
    """`Turns` with paintings to observe."""

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return PAINTING

    def observe(self, agent: str) -> Any:
        return painting(*map(int, super().observe(agent)))
