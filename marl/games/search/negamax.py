"""Negamax with alpha-beta: exhaustive search to a fixed depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.games.search.kernel_choice import kernels_for
from marl.games.search.result import ActionStatistics, SearchResult

__all__ = ["Explored", "Negamax", "Ties", "explore"]

Ties = Literal["soonest", "first", "random"]


@dataclass(frozen=True)
class Explored:
    """Value of one action, and the effort of finding it.

    Args:
        action: the action.
        value: return that the mover can reach by it. Unless all values are exact, it is an upper bound for an action
            that is no better than those before it.
        positions: number of positions searched.
        unfinished: those of them at the depth limit, which count 0.
    """

    action: int
    value: float
    positions: int
    unfinished: int


class _SearchState:
    """History heuristic and counts of one search.

    Attributes:
        weights: ``[P][A]``, for each seat and action the cut-offs that it caused, each weighted by the square of
            the remaining depth.
        positions: number of positions searched.
        unfinished: those of them at the depth limit.
    """

    def __init__(self, game: Game) -> None:
        self.weights = [[0] * game.num_actions for _ in range(game.num_players)]
        self.positions = 0
        self.unfinished = 0


def explore(game: Game, depth: int, exact: bool) -> tuple[Explored, ...]:
    """Value all actions of a position, in Python.

    Args:
        game: not finished.
        depth: moves to look ahead, at least 1.
        exact: True for exact values of all actions.

    Raises:
        ValueError: for an end of the game that is not zero-sum.
    """
    state, best, found = _SearchState(game), -1.0, []
    # exact values need the full window for each action; else alpha is the best so far, and later actions give bounds
    for action in game.legal:
        positions, unfinished = state.positions, state.unfinished
        value = _after(game, action, depth, -1.0 if exact else best, 1.0, state) + 0.0  # no -0.0
        best = max(best, value)
        found.append(Explored(action, value, state.positions - positions, state.unfinished - unfinished))
    return tuple(found)


def _after(game: Game, action: int, depth: int, alpha: float, beta: float, state: _SearchState) -> float:
    """Return that the mover can reach by an action; the sign changes only where the other player moves next."""
    child = game.play(action)
    if child.mover == game.mover:
        return _outlook(child, depth - 1, alpha, beta, state)
    return -_outlook(child, depth - 1, -beta, -alpha, state)


def _outlook(game: Game, depth: int, alpha: float, beta: float, state: _SearchState) -> float:
    """Return that the mover can reach from a position: exact between alpha and beta, else a bound."""
    state.positions += 1
    if game.over:
        first, second = game.returns
        if first + second != 0.0:
            raise _not_zero_sum(game.name)
        return game.returns[game.mover]
    if depth == 0:
        state.unfinished += 1
        return 0.0
    weights, best = state.weights[game.mover], -2.0  # below every return, so any action is better
    for action in sorted(game.legal, key=lambda action: -weights[action]):
        best = max(best, _after(game, action, depth, max(alpha, best), beta, state))
        if best >= beta:  # cut-off: the other player has a better choice before this position
            weights[action] += depth * depth
            break
    return best


def _not_zero_sum(name: str) -> ConfigError:
    return ConfigError(f"{name}: a game ended in which one did not win what the other lost; negamax cannot play it")


class Negamax:
    r"""Play an action of the largest value :math:`v(s) = \max_a \pm v(s_a)`, minus if the other player moves next.

    Positions at the depth limit count 0. Alpha-beta skips actions that cannot matter (Knuth and Moore 1975,
    https://doi.org/10.1016/0004-3702(75)90019-3); actions that caused a cut-off before are tried first, the
    history heuristic (Schaeffer 1989, https://doi.org/10.1109/34.42858). For two-player zero-sum games.
    With Numba the search is compiled; without it the same search runs in Python and finds the same, more slowly.

    Args:
        depth: moves to look ahead.
        ties: choice among equally good actions: ``soonest`` plays the fastest win or the slowest loss, and else the
            first; ``first`` in rising order; ``random``, which takes a longer search.
        seed: of the draws.
        compiled: True for Numba, False for Python, None for Numba if installed.

    Raises:
        ValueError: for a depth below 1.
    """

    def __init__(self, depth: int, ties: Ties = "soonest", seed: int = 0, compiled: bool | None = None) -> None:
        if depth < 1:
            raise ValueError(f"the depth is {depth}; give at least 1")
        self.depth, self.ties, self.compiled = depth, ties, compiled
        self.generator = np.random.default_rng(seed)

    def choose(self, game: Game) -> int:
        """Choose the action to play.

        Raises:
            ValueError: for a finished game, or one that is not for two players.
        """
        if self.ties != "random":
            return self._best(game, self.depth)
        explored = self.explore(game, exact=True)
        highest = max(each.value for each in explored)
        return int(self.generator.choice([each.action for each in explored if each.value == highest]))

    def search(self, game: Game, chosen: int | None = None) -> SearchResult:
        """Search the exact value of every action.

        ``visits`` are positions searched. A value is proven if no position at the depth limit, where 0 stands for an
        unknown value, can have changed it.

        Args:
            game: not finished.
            chosen: first action of the principal variation; None for the one that `choose` plays, or for the first of
                the best if that is drawn.

        Raises:
            ValueError: for a finished game, or one that is not for two players.
        """
        statistics = tuple(_statistics(each, game.mover) for each in self.explore(game, exact=True))
        action = self._best(game, self.depth) if chosen is None else chosen
        variation = (action, *self._variation(game.play(action)))
        return SearchResult(action, statistics, sum(each.visits for each in statistics), variation)

    def explore(self, game: Game, exact: bool, depth: int | None = None) -> tuple[Explored, ...]:
        """Value all actions; see `explore`.

        Args:
            game: not finished.
            exact: True for exact values of all actions.
            depth: moves to look ahead; the player's own depth if None.

        Raises:
            ValueError: for a finished game, one not for two players, or compiled rules that disagree with it.
        """
        if game.num_players != 2:
            raise ValueError(f"{game.name} has {game.num_players} players; negamax plays games of two")
        if game.over:
            raise ValueError(f"{game.name}: the game is over, there is nothing to search")
        kernels = kernels_for(game, self.compiled)
        if kernels is None:
            return explore(game, depth or self.depth, exact)
        from marl.games.search.compiled.negamax import NOT_ZERO_SUM, POSITIONS, UNFINISHED  # need Numba
        from marl.games.search.compiled.negamax import explore as explore_compiled

        values, counts = explore_compiled(game, kernels, depth or self.depth, exact)
        if counts[:, NOT_ZERO_SUM].any():
            raise _not_zero_sum(game.name)
        columns = (values, counts[:, POSITIONS], counts[:, UNFINISHED])
        rows = zip(game.legal, *(column.tolist() for column in columns), strict=True)
        return tuple(Explored(*row) for row in rows)

    def _variation(self, game: Game) -> Iterator[int]:
        """Actions that follow if both play their best actions, to the depth of this search."""
        for depth in range(self.depth - 1, 0, -1):
            if game.over:
                return
            action = self._best(game, depth)
            game = game.play(action)
            yield action

    def _best(self, game: Game, depth: int) -> int:
        """First of the best actions; with ``soonest`` the first of those that win fastest or lose slowest."""
        best = self._first(game, depth)
        if self.ties != "soonest" or best.value == 0.0:
            return best.action
        # what can be forced within some moves can be forced within more, and an unfinished position counts 0, so values
        # only move away from 0 as the depth grows: the least depth at which a value is reached is how soon it comes
        return self._fastest(game, depth, best) if best.value > 0.0 else self._slowest(game, depth, best.value)

    def _fastest(self, game: Game, depth: int, best: Explored) -> int:
        for shallow in range(1, depth):
            found = self._first(game, shallow)
            if found.value == best.value:
                return found.action
        return best.action

    def _slowest(self, game: Game, depth: int, value: float) -> int:
        lasting = [each.action for each in self.explore(game, exact=True, depth=depth) if each.value == value]
        for shallow in range(1, depth):
            lost = {each.action for each in self.explore(game, exact=True, depth=shallow) if each.value == value}
            if lost.issuperset(lasting):
                break
            lasting = [action for action in lasting if action not in lost]
        return lasting[0]

    def _first(self, game: Game, depth: int) -> Explored:
        """First of the best actions: the bounds of later ones do not matter, as none is above it."""
        return max(self.explore(game, exact=False, depth=depth), key=lambda each: each.value)


def _statistics(explored: Explored, mover: int) -> ActionStatistics:
    value = (explored.value, 0.0 - explored.value)[:: 1 - 2 * mover]  # 0.0 - x is never -0.0
    # a win or a loss is certain even with unfinished positions: they count 0, which cannot have caused it
    proven = explored.unfinished == 0 or abs(explored.value) == 1.0
    return ActionStatistics(explored.action, explored.positions, value, proven)
