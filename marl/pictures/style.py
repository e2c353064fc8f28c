"""Colours and figures of all pictures, and the one way in which a PNG is written.

Colours are those of Okabe and Ito, "Color universal design" (https://jfly.uni-koeln.de/color/), which colour-blind
readers can tell apart.
"""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.core.files import atomic_path

__all__ = [
    "BLACK",
    "BLUE",
    "CLASS_COLOURS",
    "GREEN",
    "OBSTACLE_COLOUR",
    "ORANGE",
    "PINK",
    "PREY_COLOUR",
    "SKY",
    "VERMILION",
    "YELLOW",
    "bare_frame",
    "new_figure",
    "pixels",
    "save_png",
]

BLUE, ORANGE, PINK, SKY = "#0072B2", "#E69F00", "#CC79A7", "#56B4E9"
VERMILION, BLACK, GREEN, YELLOW = "#D55E00", "#000000", "#009E73", "#F0E442"

CLASS_COLOURS = (BLUE, ORANGE, PINK, SKY, VERMILION, BLACK)
"""One agent class, or one arm of a report, after the other."""
PREY_COLOUR, OBSTACLE_COLOUR = GREEN, "#C4C4C4"


def new_figure(width: float, height: float, dots_per_inch: float = 100) -> Figure:
    """An empty white figure that makes room for its labels.

    Args:
        width: in inches.
        height: in inches.
        dots_per_inch: resolution of the picture.
    """
    figure = Figure((width, height), dpi=dots_per_inch, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)  # which the figure keeps; pyplot would choose one that may need a display
    return figure


def bare_frame(axes: Axes) -> None:
    """Leave out the frame at the top and at the right, where nothing is read off."""
    axes.spines[["top", "right"]].set_visible(False)


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """Red, green and blue of a figure of `new_figure`, ``[H, W, 3]``."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_png(picture: Figure | NDArray[np.uint8], path: Path) -> None:
    """Write a picture as PNG, whole or not at all.

    Args:
        picture: of `new_figure`, or ``[H, W, 3]``.
        path: of the file.

    Raises:
        OSError: if it cannot be written.
    """
    with atomic_path(path) as temporary:
        if isinstance(picture, Figure):
            picture.savefig(temporary, format="png", metadata={"Software": "marl"})
        else:
            iio.imwrite(temporary, picture, extension=".png")
