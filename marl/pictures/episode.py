"""Frames of an episode from its scenes.

Axes: ``F`` frames, ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from marl.core.colours import (
    CONTACT_COLOUR,
    CONTACT_EDGE,
    FIXED_COLOURS,
    LINK_COLOUR,
    OBSTACLE_COLOUR,
    TEXT_COLOUR,
    colours_of,
)
from marl.core.errors import Note, PictureError
from marl.core.scene import Picture, Scene
from marl.pictures.captions import Captions
from marl.pictures.recording import Outline, Recording, SparseRecording

__all__ = ["draw", "half_widths", "legend_handles"]

LINK_ALPHA = 0.55
LETTERS = 11.0
"""Size of the captions in points, on a frame 4.8 inches wide."""
ZOOM_FRAMES = 15
SMALLEST_RADIUS = 0.018  # of half the view, so that a disc never shrinks to a speck
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 64)), np.sin(np.linspace(0, 2 * np.pi, 64))], -1)


def draw(
    recording: Recording | SparseRecording,
    scores: Sequence[float],
    score_name: str = "contacts",
    classes: Sequence[str] = (),
    width: int = 480,
    only: Sequence[int] | None = None,
    letters: float = LETTERS,
    legend: bool = True,
) -> Iterator[Picture]:
    """Draw one episode, each frame when it is asked for.

    The view shows the arena and widens in time for discs that leave it.

    Args:
        recording: the moments, the start of the episode first, so that frame ``i`` is step ``i``: all of them
            scenes, or all pictures, which are scaled and captioned.
        scores: number written beside the step, one for each scene.
        score_name: name of the score.
        classes: the names of the classes in the order in which they take colours; those not
            named follow as they appear.
        width: ``W`` in pixels, even; the height follows.
        only: the steps to draw, e.g. those of `SparseRecording.spread`; None for all.
        letters: size of the captions in points, on a frame 4.8 inches wide.
        legend: False to leave out what the colours mean.

    Returns:
        Frames ``[H, W, 3]``, both ``H`` and ``W`` even.

    Raises:
        ValueError: without scenes, for another number of scores than scenes, an odd or tiny width,
            or a disc at no finite place (`PictureError`).
    """
    outline = recording.outline
    if not outline.length:
        raise ValueError("there are 0 scenes to draw; give at least one")
    if len(scores) != outline.length:
        raise ValueError(f"there are {len(scores)} scores for {outline.length} scenes; give one for each")
    if width < 120 or width % 2:
        raise ValueError(f"width is {width} pixels; give an even number of at least 120")
    chosen = range(outline.length) if only is None else only
    captions = [(f"step {i} / {outline.length - 1}", f"{score_name} {round(scores[i], 1):.6g}") for i in chosen]
    if outline.plain:
        warnings.warn("all pixels of each picture of the episode have the same colour", Note, stacklevel=2)
    first = recording[0]
    moments = ((i, recording[i], caption) for i, caption in zip(chosen, captions, strict=True))
    if not isinstance(first, Scene):
        bars = Captions(first, width, letters / LETTERS)
        return (bars.frame(picture, caption) for _, picture, caption in moments)  # type: ignore[arg-type]
    views, stage = half_widths(outline.reaches), _Stage(outline, classes, width, letters, legend)
    return (stage.frame(scene, caption, float(views[i])) for i, scene, caption in moments)  # type: ignore[arg-type]


def half_widths(reaches: Sequence[float]) -> NDArray[np.float64]:
    """Half the width of the view for each frame, ``[F]``: large enough for all discs, and smooth.

    The mean over a window of the maximum over as large a window is at least the value at its
    centre, since each of these maxima has that value among its own.
    """
    needed = np.array(reaches)
    if not np.isfinite(needed).all():
        step = int(np.flatnonzero(~np.isfinite(needed))[0])
        raise PictureError(f"the scene of step {step} has a disc at no finite place; all must be finite to be drawn")
    widest = maximum_filter1d(needed, ZOOM_FRAMES, mode="nearest")
    return np.maximum(uniform_filter1d(widest, ZOOM_FRAMES, mode="nearest"), needed)


class _Stage:
    """Figure whose artists are made once and moved from frame to frame."""

    def __init__(self, outline: Outline, classes: Sequence[str], width: int, letters: float, legend: bool) -> None:
        self.colours = colours_of(outline.kinds, classes)
        head, foot = letters / LETTERS / 20, legend * 7 / 60  # shares of the width for captions and legend
        height = 2 * round(width * (1 + head + foot) / 2)
        figure = Figure(figsize=(4.8, 4.8 * height / width), dpi=width / 4.8, facecolor="white")
        self.canvas = FigureCanvasAgg(figure)
        self.axes = figure.add_axes((0.0, foot * width / height, 1.0, width / height))
        self.axes.set_axis_off()
        extent = outline.extent
        edge = Rectangle((-extent, -extent), 2 * extent, 2 * extent, fill=False, edgecolor="#DDDDDD", linewidth=1.5)
        self.axes.add_patch(edge)
        self.obstacles = PolyCollection([], facecolors=OBSTACLE_COLOUR)
        self.ranges = LineCollection([], linewidths=1.0, linestyles=[(0, (4, 4))], alpha=0.55)
        self.links = LineCollection([], linewidths=1.6, colors=LINK_COLOUR)
        self.halos = PolyCollection([], facecolors=CONTACT_COLOUR, edgecolors=CONTACT_EDGE, linewidths=2.0)
        self.bodies = PolyCollection([], edgecolors="white", linewidths=0.8)
        layers = (self.obstacles, self.ranges, self.links, self.halos, self.bodies)
        for order, collection in enumerate(layers, start=2):
            self.axes.add_collection(collection, autolim=False)
            collection.set_zorder(order)
        style: dict[str, Any] = {"fontsize": letters, "color": TEXT_COLOUR, "va": "top", "family": "monospace"}
        self.captions = (figure.text(0.03, 0.99, "", **style), figure.text(0.97, 0.99, "", ha="right", **style))
        if legend:
            handles = legend_handles(outline, classes)
            figure.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9, labelspacing=0.3)

    def frame(self, scene: Scene, captions: Sequence[str], view: float) -> Picture:
        """One frame ``[H, W, 3]``."""
        for artist, text in zip(self.captions, captions, strict=True):
            artist.set_text(text)
        self.axes.set(xlim=(-view, view), ylim=(-view, view))
        self._move(scene, view)
        self.canvas.draw()
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()

    def _move(self, scene: Scene, view: float) -> None:
        centre = np.array([disc[:2] for disc in scene.discs], dtype=float).reshape(-1, 2)
        radius = np.maximum([disc[2] for disc in scene.discs], SMALLEST_RADIUS * view)
        kinds = [disc[3] for disc in scene.discs]
        outline = centre[:, None] + radius[:, None, None] * CIRCLE  # [discs, 64, 2]
        obstacles = [i for i, kind in enumerate(kinds) if kind == "obstacle"]
        others = [i for i, kind in enumerate(kinds) if kind in ("prey", "predator")]
        hearing = [i for i, kind in enumerate(kinds) if kind not in FIXED_COLOURS]
        self.obstacles.set_verts([outline[i] for i in obstacles])
        self.bodies.set_verts([outline[i] for i in hearing + others])
        self.bodies.set_facecolor([self.colours[kinds[i]] for i in hearing + others])
        halo = radius + 0.022 * view
        self.halos.set_verts([centre[i] + halo[i] * CIRCLE for i in scene.contacts])
        pairs = sorted({(min(pair), max(pair)) for pair in scene.links})
        self.links.set_segments([centre[list(pair)] for pair in pairs])
        crowd = 8 / max(1, len(pairs))  # fainter, so that many links do not hide the rest
        self.links.set_alpha(min(LINK_ALPHA, max(0.15, crowd)))
        self.ranges.set_segments([] if scene.range is None else [centre[i] + scene.range * CIRCLE for i in hearing])
        self.ranges.set_color([self.colours[kinds[i]] for i in hearing])


def legend_handles(outline: Outline, classes: Sequence[str]) -> list[Line2D]:
    """Entries of the legend of scenes."""

    def dot(label: str, colour: str, edge: str = "white", size: float = 9) -> Line2D:
        return Line2D([], [], linestyle="", marker="o", markersize=size, color=colour, mec=edge, label=label)

    handles = [
        dot(kind if kind in FIXED_COLOURS else f"class {kind}", colour, size=7 if kind == "prey" else 9)
        for kind, colour in colours_of(outline.kinds, classes).items()
    ]
    handles.append(dot("contact", CONTACT_COLOUR, CONTACT_EDGE))
    if outline.has_links:
        handles.append(Line2D([], [], color=LINK_COLOUR, alpha=LINK_ALPHA, linewidth=1.6, label="link"))
    if outline.has_ranges:
        handles.append(Line2D([], [], color=LINK_COLOUR, alpha=0.55, linewidth=1.0, linestyle="--", label="range"))
    return handles
