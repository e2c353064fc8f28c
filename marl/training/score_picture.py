"""Picture of scores over episodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marl.pictures.style import BLUE, SKY, VERMILION, bare_frame, new_figure, pixels, plain_label, save_png
from marl.training.score_log import ScoreLog

__all__ = ["draw_scores"]

MOST_POINTS = 2000
SCORE_COLOUR, MEAN_COLOUR, SOLVED_COLOUR = SKY, BLUE, VERMILION


def draw_scores(log: ScoreLog, path: Path, title: str = "") -> NDArray[np.uint8]:
    """Draw each episode's score, the running mean and the threshold.

    Of many episodes, 2,000 are drawn, evenly spaced.

    Args:
        log: scores, at least one.
        path: path of the PNG.
        title: above it.

    Returns:
        The picture, ``[H, W, 3]``.

    Raises:
        OSError: if it cannot be written.
    """
    shown = np.unique(np.linspace(0, len(log) - 1, MOST_POINTS).round().astype(int))
    scores, means = np.asarray(log.scores)[shown], np.asarray(log.means)[shown]
    figure = new_figure(7, 4)
    axes = figure.subplots()
    axes.plot(shown + 1, scores, ".", markersize=3, color=SCORE_COLOUR, label="score")
    axes.plot(shown + 1, means, color=MEAN_COLOUR, label=f"mean of the last {log.config.window}")
    if log.threshold is not None:
        axes.axhline(log.threshold, color=SOLVED_COLOUR, linestyle="--", label=f"threshold {log.threshold:g}")
    if log.solved is not None:
        axes.axvline(log.solved.episode, color=SOLVED_COLOUR, linestyle=":", label=str(log.solved))
    axes.set(xlabel="episode", ylabel="score (return of an episode)", title=plain_label(title))
    axes.legend(fontsize=8, loc="best")
    bare_frame(axes)
    picture = pixels(figure)
    save_png(figure, path)
    return picture
