"""Results of a search: statistics of each action, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ActionStatistics", "SearchResult", "most_visited", "statistics_of"]


@dataclass(frozen=True)
class ActionStatistics:
    """Statistics that a search gathered of one action.

    Args:
        action: the action.
        visits: simulations that began with it.
        value: ``[P]``, mean outcome of each seat in ``[-1, 1]``; zeros if it was not visited.
        proven: whether the outcome of perfect play after it is known.
    """

    action: int
    visits: int
    value: tuple[float, ...]
    proven: bool


@dataclass(frozen=True)
class SearchResult:
    """Result of one search.

    Args:
        action: the one to play.
        statistics: of each legal action in rising order.
        simulations: that this search did; fewer than its budget if the position was proven.
        principal_variation: actions that follow if each seat plays what was visited most.
    """

    action: int
    statistics: tuple[ActionStatistics, ...]
    simulations: int
    principal_variation: tuple[int, ...]


def statistics_of(action: int, visits: int, total: Sequence[float], proven: bool) -> ActionStatistics:
    """Statistics from sums of outcomes in ``[0, 1]``, or from the outcome itself of a proven action.

    Args:
        action: the action.
        visits: how often it was tried.
        total: ``[P]``.
        proven: whether its outcome is known.
    """
    count = 1 if proven else visits
    value = tuple(2 * won / count - 1 for won in total) if visits else (0.0,) * len(total)
    return ActionStatistics(action, visits, value, proven)


def most_visited(statistics: Sequence[ActionStatistics], seat: int) -> ActionStatistics:
    """The action that was visited most, unless a proof is as good.

    The best of the proven actions is taken if its outcome is no worse than the mean of the most visited of the
    others.

    Args:
        statistics: of at least one action.
        seat: that chooses.
    """
    unproven = [each for each in statistics if not each.proven]
    known = [each for each in statistics if each.proven]
    often = max(unproven, key=lambda each: each.visits, default=None)
    best = max(known, key=lambda each: (each.value[seat], each.visits), default=None)
    if often is None:
        assert best is not None
        return best
    return often if best is None or best.value[seat] < often.value[seat] else best
