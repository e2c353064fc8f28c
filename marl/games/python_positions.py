"""Positions of many games without compiled rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.game_structure import phase_of
from marl.games.places import Places, check_alike, check_state, indices_of
from marl.games.search.python_tree import draws_of

__all__ = ["PythonPositions"]


class PythonPositions:
    """A `marl.games.positions.Positions` of games without compiled rules.

    Args:
        games: at least one, of one kind. The first is the one that stored actions begin at.
    """

    def __init__(self, games: Sequence[Game]) -> None:
        self.game, self.games = games[0], list(games)
        # None for a game that did not begin at the first position, so nobody knows the actions that led to it
        self._played = [self._begun(game) for game in games]

    def __len__(self) -> int:
        return len(self.games)

    @property
    def mover(self) -> NDArray[np.int64]:
        """See `Positions`."""
        return np.array([game.mover for game in self.games], dtype=np.int64)

    @property
    def phase(self) -> NDArray[np.int64]:
        """See `Positions`."""
        return np.array([phase_of(game) for game in self.games], dtype=np.int64)

    @property
    def legal(self) -> NDArray[np.bool_]:
        """See `Positions`."""
        found = np.zeros((len(self.games), self.game.num_actions), dtype=np.bool_)
        for row, game in zip(found, self.games, strict=True):
            row[list(game.legal)] = True
        return found

    @property
    def over(self) -> NDArray[np.bool_]:
        """See `Positions`."""
        return np.array([game.over for game in self.games], dtype=np.bool_)

    @property
    def returns(self) -> NDArray[np.float64]:
        """See `Positions`."""
        return np.array([game.returns for game in self.games], dtype=np.float64).reshape(-1, self.game.num_players)

    @property
    def observation(self) -> NDArray[np.int8]:
        """See `Positions`."""
        size = int(np.prod(self.game.observation_shape))
        return np.array([game.observe(game.mover).ravel() for game in self.games], dtype=np.int8).reshape(-1, size)

    def play(self, actions: NDArray[np.int64]) -> None:
        """See `Positions`."""
        after = [
            game if action == -1 else game.play(action)
            for game, action in zip(self.games, actions.tolist(), strict=True)
        ]
        self.games = after  # only once all were legal
        for played, action in zip(self._played, actions.tolist(), strict=True):
            if played is not None and action != -1:
                played.append(action)

    def replace(self, where: Places, games: Sequence[Game]) -> None:
        """See `Positions`."""
        check_alike(self.game, games)
        for place, game in zip(indices_of(where), games, strict=True):
            self.games[place], self._played[place] = game, self._begun(game)

    def take(self, where: Places) -> PythonPositions:
        """See `Positions`."""
        places = indices_of(where)
        taken = PythonPositions([self.game])
        taken.games = [self.games[place] for place in places]
        taken._played = [None if (played := self._played[place]) is None else list(played) for place in places]
        return taken

    def rollout(self, seed: int) -> NDArray[np.float64]:
        """See `Positions`."""
        draw = draws_of(seed)
        found = [game.rollout(draw) for game in self.games]
        return np.array(found, dtype=np.float64).reshape(-1, self.game.num_players)

    def state(self) -> NDArray[np.int64]:
        """See `Positions`."""
        lost = next((place for place, played in enumerate(self._played) if played is None), None)
        if lost is not None:
            raise ConfigError(
                f"{self.game.name}: game {lost} cannot be stored: it was put there in the middle, and its rules in "
                "Python are stored by their actions; put the first position there and play from it"
            )
        width = max((len(played) for played in self._played if played), default=0)
        found = np.full((len(self.games), width), -1, dtype=np.int64)
        for row, played in zip(found, self._played, strict=True):
            row[: len(played or ())] = played or ()
        return found

    def load_state(self, state: NDArray[np.int64], where: Places | None = None) -> None:
        """See `Positions`."""
        places = list(range(len(self.games))) if where is None else indices_of(where)
        check_state(self.game.name, state, len(places), None)
        histories = [[action for action in row if action != -1] for row in state.tolist()]
        games = [reduce(lambda game, action: game.play(action), played, self.game) for played in histories]
        for place, game, played in zip(places, games, histories, strict=True):
            self.games[place], self._played[place] = game, played

    def _begun(self, game: Game) -> list[int] | None:
        return [] if game == self.game else None
