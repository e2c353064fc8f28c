"""A tournament as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from marl.core.serialisation import atomic_path

__all__ = ["save_picture"]

COLOURS = {"won": "#0072B2", "drawn": "#CCCCCC", "lost": "#D55E00"}  # of Okabe and Ito, as in marl.pictures.episode
DOTS_PER_INCH = 130
OPEN_END = 150.0
"""How far an interval without an end is drawn, in Elo."""


def save_picture(report: Mapping[str, Any], path: Path) -> None:
    """Draws the ratings, and what each pair won, drew and lost, and writes it whole or not at all.

    Args:
        report: of `marl.players.tournament.report.report_of`.
        path: a PNG.

    Raises:
        OSError: if it cannot be written.
    """
    players, pairs = report["players"], report["pairs"]
    heights = [0.9 + 0.28 * len(players), 1.1 + 0.28 * len(pairs)]
    figure = Figure(figsize=(7.2, sum(heights)), layout="constrained")
    upper, lower = figure.subplots(2, height_ratios=heights)
    _ratings(upper, players)
    _pairs(lower, pairs)
    stopped = "" if report["games_played"] == report["games_planned"] else ", stopped"
    figure.suptitle(f"{report['game']}, {report['games_played']:,} games{stopped}", fontsize=11)
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure)
        figure.savefig(temporary, dpi=DOTS_PER_INCH, format="png", metadata={"Software": "marl"})


def _ratings(axes: Axes, players: list[Mapping[str, Any]]) -> None:
    for place, player in enumerate(players):
        low, high = player["elo_ci95"]
        for end, sign in ((low, -1), (high, 1)):
            if end is None:
                axes.annotate(
                    "",
                    (player["elo"] + sign * OPEN_END, place),
                    (player["elo"], place),
                    arrowprops={"arrowstyle": "->", "color": COLOURS["won"], "shrinkA": 0, "shrinkB": 0},
                )
                axes.plot(player["elo"] + sign * OPEN_END, place, alpha=0)
            else:
                axes.plot((player["elo"], end), (place, place), color=COLOURS["won"], linewidth=1.6)
        axes.plot(player["elo"], place, "o", color=COLOURS["won"], markersize=5)
    axes.set_yticks(range(len(players)), [player["player"] for player in players])
    axes.set(xlabel="Elo (mean 0), 95 % interval over openings; arrow: no end", ylim=(len(players) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _pairs(axes: Axes, pairs: list[Mapping[str, Any]]) -> None:
    left = np.zeros(len(pairs))
    for outcome, colour in COLOURS.items():
        share = np.array([pair[outcome] / pair["games"] for pair in pairs])
        bars = axes.barh(range(len(pairs)), share, left=left, color=colour, height=0.75, label=outcome)
        labels = [str(pair[outcome]) if part > 0.04 else "" for pair, part in zip(pairs, share, strict=True)]
        axes.bar_label(bars, labels, label_type="center", fontsize=8, color="black" if outcome == "drawn" else "white")
        left += share
    axes.set_yticks(range(len(pairs)), [f"{pair['first']} - {pair['second']}" for pair in pairs])
    axes.set(xlabel="share of games, for the one named first", xlim=(0, 1), ylim=(len(pairs) - 0.5, -0.5))
    axes.legend(ncols=3, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
