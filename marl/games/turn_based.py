"""Games as PettingZoo AEC environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv

from marl.core.game import Game, GameView, as_action
from marl.games.board_picture import board_picture, drawable

__all__ = ["TurnBasedEnv", "to_aec"]


class TurnBasedEnv(AECEnv):
    """Environment whose agents move one after another, by the rules of a game.

    Agents are ``player_0`` to ``player_P-1``, by seat. An observation is a dictionary with ``"observation"``, that
    of the seat, and ``"action_mask"`` ``[A]``, 1 = legal, all zeros for agents that are not to move. Rewards are the
    returns of the game once it is over; then all agents have terminated. A copy or a pickle holds the position,
    since positions never change.

    Args:
        start: the first position, or a function that draws one.
        render_mode: ``"ansi"`` for text, ``"rgb_array"`` for a picture; None for neither.

    Raises:
        ValueError: for another render mode, or for pictures of a game that is no `marl.core.game.GameView`.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "is_parallelizable": False, "render_fps": 2}

    def __init__(self, start: Game | Callable[[np.random.Generator], Game], render_mode: str | None = None) -> None:
        super().__init__()
        if render_mode not in (None, "ansi", "rgb_array"):
            raise ValueError(f"render_mode is {render_mode!r}; there is ansi, rgb_array and None")
        self.render_mode, self.start = render_mode, start
        self.generator = np.random.default_rng()
        self.game, self._before = self._first(), cast(Game | None, None)
        if render_mode == "rgb_array":
            drawable(self.game)  # refused here, not in the middle of a game
        self.metadata = {**self.metadata, "name": self.game.name}
        self.possible_agents = [f"player_{seat}" for seat in range(self.game.num_players)]
        self.observation_spaces = {agent: self._observation_space() for agent in self.possible_agents}
        self.action_spaces = {agent: spaces.Discrete(self.game.num_actions) for agent in self.possible_agents}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin a game.

        Args:
            seed: of the draws; None goes on with the generator.
            options: ``{"game": position}`` begins from a position; others are ignored, as PettingZoo asks.

        Raises:
            ValueError: for a position of another game.
        """
        if seed is not None:
            self.generator = np.random.default_rng(seed)
        given: Game | None = (options or {}).get("game")
        if given is not None and given.name != self.metadata["name"]:
            raise ValueError(f"{self.metadata['name']}: the position given is of {given.name}")
        self.game, self._before = self._first() if given is None else given, None
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, self.game.over)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.agent_selection = self.possible_agents[self.game.mover]

    def step(self, action: int | None) -> None:
        """Play an action of the agent whose turn it is.

        Raises:
            IllegalActionError: if it is not legal; the game stays as it was.
        """
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        self.game, self._before = self.game.play(as_action(self.game, action)), self.game
        self._cumulative_rewards[agent] = 0.0
        returns = self.game.returns
        self.rewards = {name: returns[seat] for seat, name in enumerate(self.possible_agents)}
        if self.game.over:
            self.terminations = dict.fromkeys(self.agents, True)
        self._accumulate_rewards()
        self.agent_selection = self.possible_agents[self.game.mover]

    def observe(self, agent: str) -> dict[str, NDArray[np.int8]]:
        """Observation of an agent and its action mask ``[A]``."""
        mask = np.zeros(self.game.num_actions, dtype=np.int8)
        if agent == self.possible_agents[self.game.mover]:
            mask[list(self.game.legal)] = 1
        return {"observation": self.game.observe(self.possible_agents.index(agent)), "action_mask": mask}

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """Space of an agent's observations."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """Space of an agent's actions."""
        return self.action_spaces[agent]

    def render(self) -> str | NDArray[np.uint8] | None:
        """Board as text or as a picture ``[H, W, 3]``."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() was called, but the environment was made with render_mode None")
            return None
        if self.render_mode == "ansi":
            return str(self.game)
        return board_picture(drawable(self.game), before=cast(GameView | None, self._before))

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def _first(self) -> Game:
        return self.start(self.generator) if callable(self.start) else self.start

    def _observation_space(self) -> gymnasium.Space[Any]:
        shape, actions = self.game.observation_shape, self.game.num_actions
        return spaces.Dict(
            {
                "observation": spaces.Box(0, 1, shape, np.int8),
                "action_mask": spaces.Box(0, 1, (actions,), np.int8),
            }
        )


def to_aec(start: Game | Callable[[np.random.Generator], Game], render_mode: str | None = None) -> TurnBasedEnv:
    """Make an AEC environment of a game; see `TurnBasedEnv`."""
    return TurnBasedEnv(start, render_mode)
