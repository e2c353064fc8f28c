"""Learning curves as a picture, in the colours of `marl.pictures.episode`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from marl.core.serialisation import atomic_path
from marl.pictures.style import CLASS_COLOURS, PREY_COLOUR

__all__ = ["save_curves"]

COLOURS = (CLASS_COLOURS[0], CLASS_COLOURS[4], PREY_COLOUR, CLASS_COLOURS[2], *CLASS_COLOURS[1:4:2], CLASS_COLOURS[5])
LINES = ("-", "--", ":", "-.")
"""One after the other when the colours are used up."""
THRESHOLD_COLOUR, BAND_ALPHA = "#606060", 0.18
DOTS_PER_INCH = 150
LETTERS_BESIDE = 34
"""Legends of longer labels have one column."""


def save_curves(comparison: Mapping[str, Any], path: Path) -> None:
    """Draws what `marl.compare` gives, and writes it whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    curves = comparison["curves"]
    labels = [_label(curve) for curve in curves]
    columns = 1 if max(map(len, labels)) > LETTERS_BESIDE else min(2, len(labels))
    rows = -(-len(labels) // columns)
    figure = Figure(figsize=(6.4, 3.7 + 0.2 * rows), layout="constrained")
    axes = figure.add_subplot()
    for number, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        _draw(axes, curve, label, COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)])
    if comparison["threshold"] is not None:
        axes.axhline(comparison["threshold"], color=THRESHOLD_COLOUR, linewidth=1.0, linestyle=(0, (4, 3)))
    over = comparison["x"].replace("_", " ")
    what = "running mean of the score" if comparison["x"] == "episodes" else comparison["metric"]
    axes.set(xlabel=over, ylabel=what.replace("_", " "))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.margins(x=0.01)
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    several = any(curve["low"] is not None for curve in curves)
    title = "interquartile mean over seeds, band: 95 % interval over seeds" if several else None
    figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=9, title=title, title_fontsize=8)
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure)
        figure.savefig(temporary, dpi=DOTS_PER_INCH, format="png", metadata={"Software": "marl"})


def _draw(axes: Axes, curve: Mapping[str, Any], label: str, colour: str, line: str) -> None:
    marker = "o" if len(curve["x"]) == 1 else None
    axes.plot(curve["x"], curve["value"], line, color=colour, linewidth=1.6, label=label, marker=marker)
    if curve["low"] is not None:
        axes.fill_between(curve["x"], curve["low"], curve["high"], color=colour, alpha=BAND_ALPHA, linewidth=0)


def _label(curve: Mapping[str, Any]) -> str:
    seeds = len(curve["seeds"])
    return f"{curve['name']} ({seeds} seeds)" if seeds > 1 else f"{curve['name']} (1 seed, no interval)"
