"""Figures of all pictures, and the only way to write a PNG."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.core.colours import (
    BLACK,
    BLUE,
    CLASS_COLOURS,
    CONTACT_COLOUR,
    CONTACT_EDGE,
    GREEN,
    LINK_COLOUR,
    OBSTACLE_COLOUR,
    ORANGE,
    PINK,
    PREDATOR_COLOUR,
    PREY_COLOUR,
    SKY,
    TEXT_COLOUR,
    VERMILION,
    YELLOW,
)
from marl.core.files import atomic_path

__all__ = [
    "BLACK",
    "BLUE",
    "CLASS_COLOURS",
    "COLOURS",
    "CONTACT_COLOUR",
    "CONTACT_EDGE",
    "GREEN",
    "LINK_COLOUR",
    "OBSTACLE_COLOUR",
    "ORANGE",
    "PINK",
    "PREDATOR_COLOUR",
    "PREY_COLOUR",
    "SKY",
    "TEXT_COLOUR",
    "VERMILION",
    "YELLOW",
    "bare_frame",
    "new_figure",
    "pixels",
    "plain_label",
    "save_png",
]

COLOURS = (
    *CLASS_COLOURS,
    *(PREY_COLOUR, OBSTACLE_COLOUR, PREDATOR_COLOUR),
    *(CONTACT_COLOUR, CONTACT_EDGE, LINK_COLOUR, TEXT_COLOUR),
    "#FFFFFF",
)
"""All colours of an episode's picture."""


def new_figure(width: float, height: float, dots_per_inch: float = 100) -> Figure:
    """Make an empty white figure that leaves room for its labels.

    Args:
        width: in inches.
        height: in inches.
        dots_per_inch: resolution of the picture.
    """
    figure = Figure((width, height), dpi=dots_per_inch, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)  # the figure keeps this canvas; pyplot's might need a display
    return figure


def bare_frame(axes: Axes) -> None:
    """Remove the top and right edges of the frame, which carry no scale."""
    axes.spines[["top", "right"]].set_visible(False)


def plain_label(text: str) -> str:
    """Label that a figure shows as it is: a path may have dollars, which begin formulas, and bytes that are no text."""
    return text.encode(errors="replace").decode().replace("$", r"\$")


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """Red, green and blue ``[H, W, 3]`` of a figure from `new_figure`."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_png(picture: Figure | NDArray[np.uint8], path: Path) -> None:
    """Write a picture as PNG, whole or not at all.

    Args:
        picture: figure from `new_figure`, or ``[H, W, 3]``.
        path: path of the file.

    Raises:
        OSError: if it cannot be written.
    """
    with atomic_path(path) as temporary:
        if isinstance(picture, Figure):
            picture.savefig(temporary, format="png", metadata={"Software": "marl"})
        else:
            iio.imwrite(temporary, picture, extension=".png")
