"""Player that searches with a trained network."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from marl.core.errors import ConfigError, Note
from marl.core.game import Game
from marl.games.positions import positions_of
from marl.games.search.batch_search import BatchSearch
from marl.games.search.configs import PUCTConfig, SearchConfig
from marl.games.search.found import Found
from marl.games.search.result import ActionStatistics
from marl.players.player import MOST_AT_ONCE, View
from marl.policies.game_network import GameNetwork, NetworkEvaluator
from marl.policies.saved import load_policy, policy_file
from marl.system.lock import in_use
from marl.tasks.registry import find_policy

__all__ = ["NetworkPlayer", "load_network"]

LEAVES = 8
"""Positions of one game alone that the network values at once, by virtual loss."""
TRIED = 32
"""Simulations that show how long one takes, for a budget of time."""
SPARE = 2
"""Simulations for which there is room, for one that the budget seems to allow; Gumbel search, whose halving goes by
their number, has no more than these."""
MOST_NODES = 2**24
"""Nodes of all trees of a search by time, some 80 bytes each; it ends when they are full."""


class NetworkPlayer:
    """Play the best action of a search with a network. It draws nothing, so the same position has the same answer.

    Args:
        network: plays all seats.
        simulations: of each search; 0 for the network's likeliest action, None for those of its training.
        seconds: time of each search, in place of simulations; it may end sooner, and later by one evaluation.
    """

    def __init__(self, network: GameNetwork, simulations: int | None = None, seconds: float | None = None) -> None:
        self.search: SearchConfig = network.config.search
        if simulations is not None:
            self.search = self.search.model_copy(update={"simulations": simulations})
        self.evaluator, self.seconds = NetworkEvaluator(network), seconds
        self._searches: dict[int, BatchSearch] = {}  # by leaves; they keep their arrays from move to move
        self._rates: dict[int, float] = {}  # simulations a second of each game, by the number of games
        self._last: tuple[Game, Found, BatchSearch] | None = None

    def choose(self, game: Game) -> int:
        """See `Player`."""
        found, search = self._search([game], LEAVES)
        self._last = game, found, search
        return int(found.action[0])

    def choose_many(self, games: Sequence[Game]) -> list[int]:
        """Choose an action in each of several positions, which does not depend on how many there are."""
        actions: list[int] = []
        for first in range(0, len(games), MOST_AT_ONCE):
            found, search = self._search(games[first : first + MOST_AT_ONCE])
            actions += map(int, found.action)
        self._last = games[-1], found, search
        return actions

    def view(self) -> View | None:
        """Priors, visits and values of each action; see `Player`."""
        if self._last is None:
            return None
        game, found, search = self._last
        statistics = tuple(
            ActionStatistics(
                action,
                int(found.visits[-1, action]),
                tuple(found.values[-1, action].tolist()),
                bool(found.proven_actions[-1, action]),
                float(found.priors[-1, action]),
            )
            for action in game.legal
        )
        chosen = int(found.action[-1])
        line = search.principal_variation(game, chosen, len(found.action) - 1)
        return View(game, chosen, int(found.visits[-1].sum()), "simulations", statistics, line)

    def _search(self, games: Sequence[Game], leaves: int = 1) -> tuple[Found, BatchSearch]:
        if self.seconds is None:
            return self._run(games, self.search, leaves)
        deadline = time.perf_counter() + self.seconds
        if len(games) not in self._rates:
            self._timed(games, TRIED, leaves, deadline)
        number = self._rates[len(games)] * (deadline - time.perf_counter())
        number *= SPARE if isinstance(self.search, PUCTConfig) else 1
        most = MOST_NODES // (games[0].num_actions * len(games))
        return self._timed(games, max(1, min(int(number), most)), leaves, deadline)

    def _timed(
        self, games: Sequence[Game], simulations: int, leaves: int, deadline: float
    ) -> tuple[Found, BatchSearch]:
        """Search until a deadline, and keep how many simulations a second each game had."""
        begin = time.perf_counter()
        found = self._run(games, self.search.model_copy(update={"simulations": simulations}), leaves, deadline)
        self._rates[len(games)] = max(1, found[0].visits.sum(1).max()) / (time.perf_counter() - begin)
        return found

    def _run(
        self, games: Sequence[Game], config: SearchConfig, leaves: int, deadline: float | None = None
    ) -> tuple[Found, BatchSearch]:
        generator = np.random.default_rng(0)  # nothing is drawn from it without noise
        search = self._searches.get(leaves)
        if search is None or search.config != config:
            search = self._searches[leaves] = BatchSearch(config, self.evaluator, leaves)
        return search.run(positions_of(list(games)), generator, noise=False, deadline=deadline), search


def load_network(run: str, game: Game | None = None) -> GameNetwork:
    """Load the network of a run.

    Args:
        run: folder of the run, or its ``policy/``.
        game: that is to be played; None for its own.

    Raises:
        ConfigError: if it plays another game.
        FileError: if it cannot be loaded.
    """
    folder = find_policy(run)
    network = _loaded(folder, policy_file(folder).stat().st_mtime_ns)
    if network is None:
        raise ConfigError(f"{run} has no network of a game; az plays what marl train GAME_alpha_zero trained")
    if game is None:
        return network
    shape = network.config.game
    here = (game.name, tuple(game.observation_shape), game.num_players, game.num_actions)
    if here != (shape.name, shape.observation, shape.players, shape.actions):
        raise ConfigError(f"{run} plays {shape.name}; it cannot play {game.name}")
    return network


@lru_cache(maxsize=8)
def _loaded(folder: Path, changed: int) -> GameNetwork | None:
    """Network in a folder; read again once its file has changed, and None for another policy."""
    if in_use(folder):
        warnings.warn(f"{folder} still trains: az:{folder} plays its best network of so far", Note, stacklevel=2)
    policy = load_policy(folder).policy
    return policy if isinstance(policy, GameNetwork) else None
