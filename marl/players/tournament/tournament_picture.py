"""Picture of a tournament: ratings, and games won, drawn and lost by each pair."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from marl.pictures.style import BLUE, VERMILION, bare_frame, new_figure, save_png
from marl.players.tournament.tournament_report import PairResult, PlayerResult, TournamentReport

__all__ = ["save_tournament_picture"]

COLOURS = {"won": BLUE, "drawn": "#CCCCCC", "lost": VERMILION}
"""Colours of the outcomes, in the order in which a bar shows them."""
DOTS_PER_INCH = 130
OPEN_END = 150.0
"""Length of the arrow of an interval without an end, in Elo."""


def save_tournament_picture(report: TournamentReport, path: Path) -> None:
    """Draw the ratings, and the games won, drawn and lost by each pair, and write the picture whole or not at all.

    Args:
        report: report to draw.
        path: path of the PNG.

    Raises:
        OSError: if it cannot be written.
    """
    heights = [0.9 + 0.28 * len(report.players), 1.1 + 0.28 * len(report.pairs)]
    figure = new_figure(7.2, sum(heights), DOTS_PER_INCH)
    upper, lower = figure.subplots(2, height_ratios=heights)
    _draw_ratings(upper, report.players)
    _draw_pairs(lower, report.pairs)
    stopped = "" if report.games_played == report.games_planned else ", stopped"
    figure.suptitle(f"{report.game}, {report.games_played:,} games{stopped}", fontsize=11)
    save_png(figure, path)


def _draw_ratings(axes: Axes, players: Sequence[PlayerResult]) -> None:
    for place, player in enumerate(players):
        low, high = player.elo_ci95
        _draw_half(axes, place, player.elo, low, -1)
        _draw_half(axes, place, player.elo, high, 1)
        axes.plot(player.elo, place, "o", color=BLUE, markersize=5)
    axes.set_yticks(range(len(players)), [player.player for player in players])
    axes.set(xlabel="Elo (mean 0), 95 % interval over openings; arrow: no end", ylim=(len(players) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3, linewidth=0.6)
    bare_frame(axes)


def _draw_half(axes: Axes, place: int, elo: float, end: float | None, sign: int) -> None:
    """Draw one side of an interval; an arrow where it has no end."""
    if end is not None:
        axes.plot((elo, end), (place, place), color=BLUE, linewidth=1.6)
        return
    style = {"arrowstyle": "->", "color": BLUE, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (elo + sign * OPEN_END, place), (elo, place), arrowprops=style)
    axes.plot(elo + sign * OPEN_END, place, alpha=0)  # annotations do not widen the axis, invisible points do


def _draw_pairs(axes: Axes, pairs: Sequence[PairResult]) -> None:
    left = np.zeros(len(pairs))
    for outcome, colour in COLOURS.items():
        counts = [pair.outcomes.as_json()[outcome] for pair in pairs]
        share = np.array([count / pair.games for count, pair in zip(counts, pairs, strict=True)])
        bars = axes.barh(range(len(pairs)), share, left=left, color=colour, height=0.75, label=outcome)
        labels = [str(count) if part > 0.04 else "" for count, part in zip(counts, share, strict=True)]
        axes.bar_label(bars, labels, label_type="center", fontsize=8, color="black" if outcome == "drawn" else "white")
        left += share
    axes.set_yticks(range(len(pairs)), [f"{pair.first} - {pair.second}" for pair in pairs])
    axes.set(xlabel="share of games, for the one named first", xlim=(0, 1), ylim=(len(pairs) - 0.5, -0.5))
    axes.legend(ncols=3, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    bare_frame(axes)
