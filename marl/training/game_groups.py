"""Groups of games of self-play, here or in a process of their own."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from marl.algorithms.alpha_zero import FiniteEvaluator
from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.games.archive import Archive
from marl.games.self_play import GamesPlayed, SelfPlayGroup, random_games
from marl.policies.game_network import GameNetwork
from marl.system.workers import Workers

__all__ = ["GameGroups", "GroupProcesses"]

Weights: TypeAlias = Mapping[str, NDArray[Any]]


class GameGroups:
    """Groups of games that are played one after the other.

    Args:
        game: first position.
        config: settings of the algorithm.
        counts: number of games in each group.
        seeds: of all that each group draws.

    Raises:
        ConfigError: if games do not last as long as their openings.
    """

    def __init__(
        self, game: Game, config: AlphaZeroConfig, counts: Sequence[int], seeds: Sequence[np.random.SeedSequence]
    ) -> None:
        self.game, self.config, self.counts, settings = game, config, counts, config.self_play
        self._evaluator: FiniteEvaluator | None = None
        self.groups = [
            SelfPlayGroup(
                game,
                count,
                config.search,
                seed,
                settings.random_moves,
                settings.temperature_moves,
                settings.outcome_share,
                Archive(settings.archive_share, settings.archive_size) if settings.archive_share else None,
            )
            for count, seed in zip(counts, seeds, strict=True)
        ]

    def play(
        self,
        network: GameNetwork,
        share_done: float,
        moves: int | None,
        games: Sequence[int | None],
        random_first: int = 0,
    ) -> list[GamesPlayed]:
        """Play an iteration; see `SelfPlayGroup.play`.

        Args:
            network: of all players.
            share_done: share of training done.
            moves: moves of each game.
            games: games of each group, in place of moves.
            random_first: games of random moves that the first group adds.

        Returns:
            Games of each group.

        Raises:
            NonFiniteError: if the network's output is not finite.
        """
        if self._evaluator is None or self._evaluator.network is not network:
            self._evaluator = FiniteEvaluator(network)
        network.eval()
        played = [
            group.play(self._evaluator, moves, number, share_done)
            for group, number in zip(self.groups, games, strict=True)
        ]
        played[0].samples += random_games(self.game, random_first, self.groups[0].generator)
        return played

    def state(self) -> list[dict[str, Any]]:
        """State of each group."""
        return [group.state() for group in self.groups]

    def load_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from states that `state` gave."""
        for group, state in zip(self.groups, states, strict=True):
            group.load_state(state)

    def close(self) -> None:
        """Do nothing: there is nothing to free."""


class RemoteGroups:
    """`GameGroups` in another process, with a network of their own.

    Args:
        groups: makes them.
        network: makes the network.
        device: of the network.
        threads: of PyTorch; as many as in the training's own process, as results may depend on it.
    """

    def __init__(
        self, groups: Callable[[], GameGroups], network: Callable[[], GameNetwork], device: torch.device, threads: int
    ) -> None:
        torch.set_num_threads(threads)
        self.groups, self.network = groups(), network().to(device)

    def play(self, weights: Weights | None, **how: Any) -> list[GamesPlayed]:
        """Play an iteration; see `GameGroups.play`.

        Args:
            weights: of the network; None where they are those of the last call.
        """
        if weights is not None:
            self.network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return self.groups.play(self.network, **how)

    def state(self) -> list[dict[str, Any]]:
        """State of each group."""
        return self.groups.state()

    def load_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from states that `state` gave."""
        self.groups.load_state(states)


class GroupProcesses:
    """`GameGroups` shared out among processes, which start when the first games are played.

    Args:
        here: all groups, as they begin.
        make: makes the first position in another process.
        processes: number of processes; no more than groups.

    Raises:
        ConfigError: if the game cannot be made in another process.
        WorkerFailedError: by all methods, if a process dies.
    """

    def __init__(self, here: GameGroups, make: Callable[[], Game], processes: int) -> None:
        self._here, self._make = here, make
        self._workers: Workers | None = None
        cuts = [len(here.counts) * i // processes for i in range(processes + 1)]
        self._shares = [range(first, end) for first, end in pairwise(cuts)]
        self._sent: Weights = {}
        try:
            pickle.dumps((make, here.config))
        except Exception as error:  # whatever its parts do then
            raise ConfigError(
                f"algorithm.self_play.processes is {processes}, but {here.game.name} cannot be sent to another process "
                f"({type(error).__name__}: {error}); set it to 1"
            ) from error

    def play(
        self,
        network: GameNetwork,
        share_done: float,
        moves: int | None,
        games: Sequence[int | None],
        random_first: int = 0,
    ) -> list[GamesPlayed]:
        """Play an iteration; see `GameGroups.play`."""
        workers = self._workers or self._started(network)
        weights = {name: tensor.cpu().numpy().copy() for name, tensor in network.state_dict().items()}
        news = {"weights": None if _same(weights, self._sent) else weights, "share_done": share_done, "moves": moves}
        self._sent = weights
        parts = [{**news, "games": games[share.start : share.stop]} for share in self._shares]
        parts[0]["random_first"] = random_first
        return list(chain.from_iterable(workers.call("play", parts)))

    def state(self) -> list[dict[str, Any]]:
        """State of each group."""
        if self._workers is None:
            return self._here.state()
        return list(chain.from_iterable(self._workers.call("state", [{} for _ in self._shares])))

    def load_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from states that `state` gave."""
        self._here.load_state(states)
        if self._workers is not None:
            self._hand_out(self._workers, states)

    def close(self) -> None:
        """End the processes."""
        if self._workers is not None:
            self._workers.close()

    def _started(self, network: GameNetwork) -> Workers:
        here = self._here
        makers = [
            partial(
                RemoteGroups,
                partial(_made, self._make, here.config, here.counts[share.start : share.stop]),
                partial(GameNetwork, network.roster, network.config),
                network.device,
                torch.get_num_threads(),
            )
            for share in self._shares
        ]
        workers = self._workers = Workers(makers, [f"self-play, {_named(share)}" for share in self._shares])
        self._hand_out(workers, here.state())
        return workers

    def _hand_out(self, workers: Workers, states: Sequence[dict[str, Any]]) -> None:
        workers.call("load_state", [{"states": states[share.start : share.stop]} for share in self._shares])


def _made(make: Callable[[], Game], config: AlphaZeroConfig, counts: Sequence[int]) -> GameGroups:
    """Groups in another process; their games and random numbers are those of the states that they are handed."""
    return GameGroups(make(), config, counts, [np.random.SeedSequence(0)] * len(counts))


def _named(groups: range) -> str:
    return f"group {groups[0]}" if len(groups) == 1 else f"groups {groups[0]} to {groups[-1]}"


def _same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
