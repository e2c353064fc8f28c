"""Results of a search: statistics of each action, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marl.core.game import Game

__all__ = ["ActionStatistics", "SearchResult", "most_visited", "principal_variation", "statistics_of"]


@dataclass(frozen=True)
class ActionStatistics:
    """Statistics of one action after a search.

    Args:
        action: the action.
        visits: simulations that began with it.
        value: ``[P]``, mean outcome of each seat in ``[-1, 1]``; zeros if it was not visited.
        proven: True if the outcome of perfect play after it is known.
        prior: probability that a network gives it before the search; None without a network.
    """

    action: int
    visits: int
    value: tuple[float, ...]
    proven: bool
    prior: float | None = None


@dataclass(frozen=True)
class SearchResult:
    """Result of one search.

    Args:
        action: action to play.
        statistics: of each legal action in rising order.
        simulations: simulations done; fewer than the budget if the position was proven.
        principal_variation: actions that follow if each seat plays its most visited action.
    """

    action: int
    statistics: tuple[ActionStatistics, ...]
    simulations: int
    principal_variation: tuple[int, ...]


def statistics_of(action: int, visits: int, total: Sequence[float], proven: bool) -> ActionStatistics:
    """Make statistics from sums of outcomes in ``[0, 1]``, or from the outcome itself of a proven action.

    Args:
        action: the action.
        visits: simulations that began with it.
        total: sum of outcomes of each seat, ``[P]``.
        proven: True if its outcome is known.
    """
    count = 1 if proven else visits
    value = tuple(2 * won / count - 1 for won in total) if visits else (0.0,) * len(total)
    return ActionStatistics(action, visits, value, proven)


def most_visited(statistics: Sequence[ActionStatistics], seat: int) -> ActionStatistics:
    """Choose the most visited action, unless a proven one is as good.

    The best of the proven actions is taken if its outcome is no worse than the mean of the most visited of the
    others.

    Args:
        statistics: of at least one action.
        seat: seat that chooses.
    """
    unproven = [each for each in statistics if not each.proven]
    known = [each for each in statistics if each.proven]
    often = max(unproven, key=lambda each: each.visits, default=None)
    best = max(known, key=lambda each: (each.value[seat], each.visits), default=None)
    if often is None:
        assert best is not None
        return best
    return often if best is None or best.value[seat] < often.value[seat] else best


def principal_variation(
    game: Game, statistics: Callable[[tuple[int, ...]], Sequence[ActionStatistics]], path: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Actions that follow if each seat plays its most visited action.

    Args:
        game: root of a tree.
        statistics: of the actions after a path from the root; of none where nothing is known.
        path: the first actions, which are given.
    """
    for action in path:
        game = game.play(action)
    while not game.over:
        known = statistics(path)
        if not any(each.visits for each in known):
            break
        chosen = most_visited(known, game.mover)
        path, game = (*path, chosen.action), game.play(chosen.action)
        if not chosen.visits:  # the visited actions are proven losses, and nothing is known after this one
            break
    return path
