"""What a search says about a position, and how an action is chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Line", "SearchResult", "line_of", "most_visited"]


@dataclass(frozen=True)
class Line:
    """What a search knows about one action.

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
    """What a search found.

    Args:
        action: the one to play.
        lines: for each legal action in rising order.
        simulations: that this search did; fewer than its budget if the position was proven.
        best_line: actions that follow if each seat plays what was visited most.
    """

    action: int
    lines: tuple[Line, ...]
    simulations: int
    best_line: tuple[int, ...]


def line_of(action: int, visits: int, total: Sequence[float], proven: bool) -> Line:
    """What sums of outcomes in ``[0, 1]`` (of a proven action the outcome) say.

    Args:
        action: the action.
        visits: how often it was tried.
        total: ``[P]``.
        proven: whether its outcome is known.
    """
    count = 1 if proven else visits
    value = tuple(2 * won / count - 1 for won in total) if visits else (0.0,) * len(total)
    return Line(action, visits, value, proven)


def most_visited(lines: Sequence[Line], seat: int) -> Line:
    """The line that was visited most, unless a proof is as good.

    The best of the lines that are proven is taken if its outcome is no worse than the mean of the most visited of the
    others.

    Args:
        lines: at least one.
        seat: that chooses.
    """
    unproven = [line for line in lines if not line.proven]
    known = [line for line in lines if line.proven]
    often = max(unproven, key=lambda line: line.visits, default=None)
    best = max(known, key=lambda line: (line.value[seat], line.visits), default=None)
    if often is None:
        assert best is not None
        return best
    return often if best is None or best.value[seat] < often.value[seat] else best
