"""Picture of learning curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from marl.pictures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    SKY,
    VERMILION,
    bare_frame,
    new_figure,
    plain_label,
    save_png,
)

if TYPE_CHECKING:
    from marl.analysis.learning_curves import LearningCurve, LearningCurves

__all__ = ["save_curves"]

COLOURS = (BLUE, VERMILION, GREEN, PINK, ORANGE, SKY, BLACK)
"""Colours of the curves in order: the first differ most."""
LINES = ("-", "--", ":", "-.")
"""Line styles in order, for curves beyond the number of colours."""
THRESHOLD_COLOUR, BAND_ALPHA = "#606060", 0.18
DOTS_PER_INCH = 150
UNITS = {"env_steps": "env steps", "cpu_seconds": "CPU time of training in seconds", "episodes": "episodes"}
LETTERS_BESIDE = 34
"""Longest label, in letters, of a legend with several columns."""


def save_curves(comparison: LearningCurves, path: Path) -> None:
    """Draw learning curves, and write the picture whole or not at all.

    Raises:
        OSError: if they cannot be written.
    """
    curves = comparison.curves
    labels = [_label(curve) for curve in curves]
    columns = 1 if max(map(len, labels)) > LETTERS_BESIDE else min(2, len(labels))
    rows = -(-len(labels) // columns)
    figure = new_figure(6.4, 3.7 + 0.2 * rows, DOTS_PER_INCH)
    axes = figure.add_subplot()
    for number, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        _draw(axes, curve, label, COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)])
    if comparison.threshold is not None:
        label, dashes = f"threshold {comparison.threshold:g}", (0, (4, 3))
        axes.axhline(comparison.threshold, color=THRESHOLD_COLOUR, linewidth=1.0, linestyle=dashes, label=label)
    metric = "running mean of the score" if comparison.x == "episodes" else _in_words(comparison.metric)
    axes.set(xlabel=UNITS[comparison.x], ylabel=plain_label(metric), title=plain_label(comparison.title))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.margins(x=0.01)
    axes.grid(alpha=0.3, linewidth=0.6)
    bare_frame(axes)
    several = any(curve.low is not None for curve in curves)
    title = "interquartile mean over seeds, band: percentile interval over seeds" if several else None
    figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=9, title=title, title_fontsize=8)
    save_png(figure, path)


def _in_words(metric: str) -> str:
    """Label of an axis; a return is the sum of an episode's rewards."""
    *before, kind, name = ("", *metric.split("/"))
    if kind == "return":
        whose = ", mean over agents" if name == "all" else f" of each {name}"
        return f"return per episode{whose}" + "\nin evaluation" * ("evaluation" in before)
    return metric.replace("_", " ")


def _draw(axes: Axes, curve: LearningCurve, label: str, colour: str, line: str) -> None:
    marker = "o" if len(curve.x) == 1 else None
    axes.plot(curve.x, curve.value, line, color=colour, linewidth=1.6, label=label, marker=marker)
    if curve.low is not None and curve.high is not None:
        axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=BAND_ALPHA, linewidth=0)


def _label(curve: LearningCurve) -> str:
    seeds, name = len(curve.seeds), plain_label(curve.name)
    return f"{name} ({seeds} seeds)" if seeds > 1 else f"{name} (1 seed, no interval)"
