"""PettingZoo AEC environments as games that can be searched."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv

from marl.core.errors import ConfigError
from marl.core.game import IllegalActionError, as_action, check_legal, read_number
from marl.core.kernels import Kernels
from marl.games.aec_copies import Copier, check_copies, gathered_rewards, legal_actions, name_of, without_turn

__all__ = ["AECGame", "aec_game"]


def aec_game(env: AECEnv, scale: float = 1.0, copier: Copier = copy.deepcopy) -> AECGame:
    """Wrap the state of an environment as a position.

    Every position holds a copy of the environment, so some random games are played first, to check that copies play on
    like their originals. A copy holds all that the environment knows: a search sees future draws and hidden
    information, and agents that act at once are seen one after another.

    Args:
        env: reset, and not at its end; it is not changed, and may be stepped later.
        scale: divides the returns, to bring them into ``[-1, 1]``.
        copier: makes a copy, e.g. `marl.games.aec_copies.copy_past_ezpickle`.

    Raises:
        ConfigError: for actions that are not Discrete, or copies that differ from the original; names the difference.
    """
    name = name_of(env)
    if not 0 < scale < float("inf"):
        raise ConfigError(f"{name}: scale is {scale}; give the largest number that can be won")
    for agent in env.possible_agents:
        if not isinstance(env.action_space(agent), spaces.Discrete):
            raise ConfigError(f"{name}: {agent} acts in {env.action_space(agent)}; what is searched must be Discrete")
    check_copies(env, copier)
    return AECGame(copier(env), scale, copier, uuid.uuid4().hex, (), (0.0,) * len(env.possible_agents))


class AECGame:
    """Position of a PettingZoo environment: a `Game` without a board that can be played by hand; see `aec_game`.

    Seats are the possible agents in their order; actions count from 0. Returns are the sums of rewards since
    the first position, those of an end that empties ``agents`` too. Two positions are equal if the same actions led
    to them from one call of `aec_game`.

    Args:
        env: in the state of the position; nobody else may step it.
        scale: divides the returns.
        copier: makes a copy.
        origin: identity of the first position.
        moves: actions since the first position.
        totals: sum of rewards of each seat since the first position, ``[P]``.
    """

    def __init__(
        self, env: AECEnv, scale: float, copier: Copier, origin: str, moves: tuple[int, ...], totals: tuple[float, ...]
    ) -> None:
        self._env, self._scale, self._copier, self._key = env, scale, copier, (origin, moves)
        self._agents: list[str] = env.possible_agents
        self._totals = totals
        _pass_over(env)
        self.name = name_of(env)
        self.num_players = len(self._agents)
        self.num_actions = max(int(env.action_space(agent).n) for agent in self._agents)
        self.over = not env.agents
        self.mover = 0 if self.over else self._agents.index(env.agent_selection)
        self.legal: tuple[int, ...] = () if self.over else legal_actions(env)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """Shape of the first seat's observation; see `Game`."""
        space = self._env.observation_space(self._agents[0])
        inner = space["observation"] if isinstance(space, spaces.Dict) else space
        return tuple(inner.shape or ())

    @property
    def returns(self) -> tuple[float, ...]:
        """See `Game`.

        Raises:
            ConfigError: if a return is beyond the scale.
        """
        return self._scaled(self._totals) if self.over else (0.0,) * self.num_players

    def play(self, action: int) -> AECGame:
        """Step a copy; see `Game`."""
        action = as_action(self, action)
        check_legal(self, action, None if action in self.legal else "its action mask forbids it")
        env, (origin, moves) = self._copier(self._env), self._key
        totals = _play(env, self._agents, action, self._totals)
        return AECGame(env, self._scale, self._copier, origin, (*moves, action), totals)

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """See `Game`.

        Raises:
            ConfigError: if a return is beyond the scale.
        """
        if self.over:
            return self.returns
        env, totals = self._copier(self._env), self._totals
        while env.agents:
            legal = legal_actions(env)
            totals = _play(env, self._agents, legal[int(draw() * len(legal))], totals)
        return self._scaled(totals)

    def _scaled(self, totals: tuple[float, ...]) -> tuple[float, ...]:
        found = tuple(total / self._scale for total in totals)
        if not all(-1 <= value <= 1 for value in found):
            raise ConfigError(
                f"{self.name}: {max(map(abs, totals)):g} was won, and scale is {self._scale:g}; give more"
            )
        return found

    @classmethod
    def kernels(cls) -> Kernels | None:
        """None: there are no compiled rules; see `Game`."""
        return None

    def observe(self, seat: int) -> NDArray[Any]:
        """Observation of the environment itself; see `Game`."""
        seen = self._env.observe(self._agents[seat])
        return np.asarray(seen["observation"] if isinstance(seen, Mapping) else seen)

    def describe(self, action: int) -> str:
        """Number of the action; see `GameView`."""
        return str(action)

    def read(self, text: str) -> int:
        """See `GameView`."""
        action = read_number(text, 0, self.num_actions - 1)
        if action is None:
            raise IllegalActionError(
                f"{self.name}: {text.strip()!r} is no action; write a number from 0 to {self.num_actions - 1}"
            )
        return action

    def __str__(self) -> str:
        """Text that the environment renders if it was made with ``render_mode="ansi"``, else the actions so far."""
        if self._env.render_mode == "ansi":
            return str(self._env.render())
        return " ".join([self.name, *map(str, self._key[1])])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AECGame) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __copy__(self) -> AECGame:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> AECGame:
        """Return the position itself: it never changes, and a deepcopy of the environment may differ."""
        return self

    def __reduce__(self) -> Any:
        raise TypeError(f"{self.name}: a position of a PettingZoo environment cannot be pickled")


def _play(env: AECEnv, agents: list[str], action: int, totals: tuple[float, ...]) -> tuple[float, ...]:
    """Step an action of the selected agent, counted from 0, and add the rewards of all agents."""
    # `last()` would tell an agent its rewards at its next turn, which an end that empties `agents` does not give it
    before = {**gathered_rewards(env), env.agent_selection: 0.0}
    env.step(int(env.action_space(env.agent_selection).start) + action)
    totals = tuple(total + _won(env, agent, before) for total, agent in zip(totals, agents, strict=True))
    _pass_over(env)
    return totals


def _won(env: AECEnv, agent: str, before: Mapping[str, float]) -> float:
    """Reward of an agent by the last step; where ``rewards`` has none, the growth of those that are gathered."""
    past = before.get(agent, 0.0)
    return float(env.rewards.get(agent, 0.0) or gathered_rewards(env).get(agent, past) - past)


def _pass_over(env: AECEnv) -> None:
    """Step over agents that are out of the game."""
    while env.agents and without_turn(env):
        env.step(None)
