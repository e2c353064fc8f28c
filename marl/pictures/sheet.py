"""Sheets of frames for TensorBoard, whose cards are some 350 pixels wide.

Axes: ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from marl.core.scene import Picture, Scene
from marl.pictures.episode import draw, legend_handles
from marl.pictures.recording import Outline, Recording, SparseRecording

__all__ = ["contact_sheet", "episode_sheet"]

GAP = 8
"""Pixels around each frame of a sheet."""
LETTERS = 19.0
"""Points, on a frame 4.8 inches wide: readable when a card shows the sheet at half its size."""
COLUMNS = 4


def episode_sheet(
    recording: Recording | SparseRecording,
    scores: Sequence[float],
    score_name: str,
    classes: Sequence[str],
    width: int,
    moments: Sequence[int],
) -> Picture:
    """Sheet ``[H, W, 3]`` of some moments of an episode, with one legend; arguments and errors as `draw`."""
    sheet = contact_sheet(draw(recording, scores, score_name, classes, width, moments, LETTERS, legend=False))
    if not isinstance(recording[0], Scene):
        return sheet
    return np.concatenate([sheet, _legend(recording.outline, classes, sheet.shape[1])])


def contact_sheet(frames: Iterable[Picture]) -> Picture:
    """Sheet of frames ``[H, W, 3]`` in two columns, in the order of reading."""
    framed = [np.pad(frame, ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=255) for frame in frames]
    if len(framed) % 2 and len(framed) > 1:
        framed.append(np.full_like(framed[0], 255))
    return np.concatenate([np.concatenate(framed[row : row + 2], axis=1) for row in range(0, len(framed), 2)])


def _legend(outline: Outline, classes: Sequence[str], width: int) -> Picture:
    handles, dpi = legend_handles(outline, classes), width / 9.6
    rows = -(-len(handles) // COLUMNS)
    figure = Figure(figsize=(9.6, 0.4 * rows + 0.1), dpi=dpi, facecolor="white")
    figure.legend(handles=handles, loc="center", ncols=COLUMNS, frameon=False, fontsize=LETTERS, labelspacing=0.3)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[:, :width, :3]
    return np.pad(drawn, ((0, 0), (0, width - drawn.shape[1]), (0, 0)), constant_values=255)
