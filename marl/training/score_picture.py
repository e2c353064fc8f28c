"""Scores over episodes as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.core.serialisation import atomic_path
from marl.training.score_log import ScoreLog

__all__ = ["draw_scores"]

MOST_POINTS = 2000
SCORE_COLOUR, MEAN_COLOUR, SOLVED_COLOUR = (
    "#56B4E9",
    "#0072B2",
    "#D55E00",
)  # as in `marl.pictures.episode`


def draw_scores(log: ScoreLog, path: Path) -> NDArray[np.uint8]:
    """Draws each episode's score, the running mean and the threshold.

    Of many episodes, an even choice of 2,000 is drawn.

    Args:
        log: with at least one score.
        path: where the picture goes, a PNG.

    Returns:
        The picture, ``[H, W, 3]``.

    Raises:
        OSError: if it cannot be written.
    """
    shown = np.unique(np.linspace(0, len(log) - 1, MOST_POINTS).round().astype(int))
    scores, means = np.asarray(log.scores)[shown], np.asarray(log.means)[shown]
    figure = Figure((7, 4), dpi=100, layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()
    axes.plot(shown + 1, scores, ".", markersize=3, color=SCORE_COLOUR, label="score")
    axes.plot(shown + 1, means, color=MEAN_COLOUR, label=f"mean of the last {log.config.window}")
    if log.threshold is not None:
        axes.axhline(log.threshold, color=SOLVED_COLOUR, linestyle="--", label=f"threshold {log.threshold:g}")
    if log.solved is not None:
        axes.axvline(log.solved.episode, color=SOLVED_COLOUR, linestyle=":", label=str(log.solved))
    axes.set(xlabel="episode", ylabel="score (return)")
    axes.legend(fontsize=8, loc="best")
    axes.spines[["top", "right"]].set_visible(False)
    canvas.draw()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
