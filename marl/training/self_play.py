"""Self-play as a source of experience."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.core.environment import State
from marl.core.errors import Note
from marl.core.game import Game
from marl.games.arena import points_of
from marl.games.search.configs import simulations_at
from marl.games.self_play import GamesPlayed, Samples
from marl.policies.game_network import GameNetwork
from marl.system.process_pool import usable_cores
from marl.training.game_groups import GameGroups, GroupProcesses
from marl.training.source import Collected, Episodes

__all__ = ["SelfPlay"]


class SelfPlay:
    """Groups of games of a network against itself. A `Source`; an env step is one move of one game.

    Args:
        game: first position.
        config: settings of the algorithm.
        num_games: games that go on at once, in all groups.
        length: moves of each game in an iteration, unless the settings give a number of games.
        seed: of all that is drawn; each group has a stream of its own, so that results do not depend on the number of
            processes.
        make: makes the first position in another process.

    Raises:
        ConfigError: if games do not last as long as their openings, or the game cannot be made in another process.
    """

    def __init__(
        self, game: Game, config: AlphaZeroConfig, num_games: int, length: int, seed: int, make: Callable[[], Game]
    ) -> None:
        self.game, self.config, self.length = game, config, length
        settings = config.self_play
        num_games = num_games if settings.games is None else min(num_games, settings.games)
        counts = self.counts = _split(num_games, min(settings.groups, num_games))
        seeds = np.random.SeedSequence([seed, 3]).spawn(len(counts))
        here, processes = GameGroups(game, config, counts, seeds), _processes(settings.processes, len(counts))
        self.groups: GameGroups | GroupProcesses = here if processes == 1 else GroupProcesses(here, make, processes)
        self._random_games = settings.random_games

    def collect(self, policy: GameNetwork, share_done: float = 0.0) -> Collected:
        """Play one iteration; the batch is `Samples`; see `Source.collect`.

        Raises:
            NonFiniteError: if the network's output is not finite.
            WorkerFailedError: if a process of the groups dies.
        """
        begin = time.perf_counter()
        games = self.config.self_play.games
        quotas = [None] * len(self.counts) if games is None else _split(games, len(self.counts))
        moves = self.length if games is None else None
        played = self.groups.play(policy, share_done, moves, quotas, self._random_games)
        self._random_games = 0
        parts = [part for each in played for part in each.samples]
        samples = Samples.joined(parts) if parts else self._none()
        env_steps = sum(each.moves for each in played)
        metrics = _metrics(played, samples, env_steps)
        metrics["search/simulations"] = float(simulations_at(self.config.search, share_done))
        seconds = {"self_play": time.perf_counter() - begin}
        return Collected(samples, _episodes(played, env_steps), metrics, env_steps, seconds)

    def state(self) -> State:
        """State of each group."""
        groups = {str(number): _tensors(state) for number, state in enumerate(self.groups.state())}
        return {**groups, "random_games": self._random_games}

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` returned."""
        self.groups.load_state([_arrays(state[str(number)]) for number in range(len(self.counts))])
        self._random_games = state["random_games"]

    def close(self) -> None:
        """End the processes of the groups."""
        self.groups.close()

    def _none(self) -> Samples:
        size, actions, players = int(np.prod(self.game.observation_shape)), self.game.num_actions, self.game.num_players
        return Samples(
            np.zeros((0, size), np.int8),
            np.zeros((0, actions), np.bool_),
            np.zeros(0, np.int64),
            np.zeros((0, actions), np.float32),
            np.zeros((0, players), np.float32),
        )


def _processes(wished: int | Literal["auto"], groups: int) -> int:
    """Number of processes, no more than groups; says how many where the settings leave it open."""
    if wished != "auto":
        return min(wished, groups)
    cores = usable_cores()
    told = f"algorithm.self_play.processes auto is {min(cores, groups)}: algorithm.self_play.groups is {groups}"
    warnings.warn(f"{told}, and there are {cores} cores", Note, stacklevel=4)
    return min(cores, groups)


def _split(number: int, parts: int) -> list[int]:
    """Whole numbers that differ by one at most and sum up to a number, those above first."""
    return [number // parts + (part < number % parts) for part in range(parts)]


def _episodes(played: Sequence[GamesPlayed], env_steps: int) -> Episodes:
    episodes = Episodes()
    for group in played:
        episodes.metrics["episode/length"] += map(float, group.lengths)
        if group.returns:
            for seat, points in enumerate(points_of(np.stack(group.returns)).T):
                episodes.metrics[f"points/player_{seat}"] += points.tolist()
            drawn = np.ptp(np.stack(group.returns), axis=1) == 0
            episodes.metrics["points/drawn"] += drawn.astype(float).tolist()
    episodes.ended_at += [env_steps] * len(episodes)
    return episodes


def _metrics(played: Sequence[GamesPlayed], samples: Samples, env_steps: int) -> dict[str, float]:
    sums: dict[str, float] = {}
    for group in played:
        for name, amount in group.measures.items():
            sums[name] = sums.get(name, 0.0) + amount
    errors, error = sums.pop("value_errors", 0.0), sums.pop("value_error", 0.0)
    metrics = {f"search/{name}": amount / env_steps for name, amount in sums.items()}
    if errors:
        metrics["search/value_error"] = error / errors
    if len(samples):
        metrics["self_play/distinct_positions"] = len(np.unique(samples.observation, axis=0)) / len(samples)
    return metrics


def _tensors(state: dict[str, Any]) -> State:
    return {name: _converted(value) for name, value in state.items()}


def _converted(value: Any) -> Any:
    if isinstance(value, dict):
        return _tensors(value)
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def _arrays(state: State) -> dict[str, Any]:
    return {
        name: _arrays(value) if isinstance(value, dict) else value.numpy() if isinstance(value, torch.Tensor) else value
        for name, value in state.items()
    }
