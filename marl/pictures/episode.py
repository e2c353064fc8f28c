"""An episode as a moving picture: scenes to frames, frames to a file or to one strip.

Axes: ``F`` frames, ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.spatial import cKDTree

from marl.core.files import atomic_path
from marl.core.scene import Picture, Scene
from marl.pictures.captions import captioned
from marl.pictures.style import CLASS_COLOURS, OBSTACLE_COLOUR, PREY_COLOUR, YELLOW

__all__ = ["check_path", "contact_sheet", "draw", "save", "spread"]

Frames = NDArray[np.uint8]

FIXED_COLOURS = {"prey": PREY_COLOUR, "predator": "#7A0000", "obstacle": OBSTACLE_COLOUR}
"""Colours of the side that does not learn, and of obstacles; agents have the colours of their classes."""
CONTACT_COLOUR, CONTACT_EDGE, LINK_COLOUR, TEXT_COLOUR = YELLOW, "#D00000", "#404040", "#202020"

SUFFIXES = (".gif", ".mp4")
GIF_COLOURS = 128
CHANNELS = np.array([1, 256, 65536], dtype=np.int32)
VIEW_MARGIN = 1.2
LINK_ALPHA = 0.55
ZOOM_FRAMES = 15
SMALLEST_RADIUS = 0.018  # of half the view, so that a disc never shrinks to a speck
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 64)), np.sin(np.linspace(0, 2 * np.pi, 64))], -1)


def draw(
    scenes: Sequence[Scene | Picture],
    scores: Sequence[float],
    score_name: str = "contacts",
    classes: Sequence[str] = (),
    width: int = 480,
    only: Sequence[int] | None = None,
) -> Frames:
    """Draw one episode.

    The view shows the arena and widens in time for discs that leave it.

    Args:
        scenes: the moments, the start of the episode first, so that frame ``i`` is step ``i``: all of them
            scenes, or all pictures, which are scaled and captioned.
        scores: number written beside the step, one for each scene.
        score_name: name of the score.
        classes: the names of the classes in the order in which they take colours; those not
            named follow as they appear.
        width: ``W`` in pixels, even; the height follows.
        only: the steps to draw, e.g. those of `spread`; None for all.

    Returns:
        ``[F, H, W, 3]``, both ``H`` and ``W`` even.

    Raises:
        ValueError: without scenes, for another number of scores than scenes, an odd or tiny width,
            or a disc at no finite place.
    """
    if not scenes:
        raise ValueError("there are 0 scenes to draw; give at least one")
    if len(scores) != len(scenes):
        raise ValueError(f"there are {len(scores)} scores for {len(scenes)} scenes; give one for each")
    if width < 120 or width % 2:
        raise ValueError(f"width is {width} pixels; give an even number of at least 120")
    chosen = range(len(scenes)) if only is None else only
    captions = [(f"step {i} / {len(scenes) - 1}", f"{score_name} {round(scores[i], 1):.6g}") for i in chosen]
    drawn = [scene for scene in scenes if isinstance(scene, Scene)]
    if not drawn:
        return captioned([scenes[i] for i in chosen], captions, width)  # type: ignore[misc]
    views = _half_widths(drawn)
    stage = _Stage(drawn, classes, width)
    moments = zip(chosen, captions, strict=True)
    return np.stack([stage.picture(drawn[i], caption, float(views[i])) for i, caption in moments])


def check_path(path: str | Path) -> Path:
    """Check that `save` can write to a path, before any work is done.

    Raises:
        ValueError: if the extension is unknown or the folder does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{str(path)!r} ends in {path.suffix!r}; an animation ends in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise ValueError(f"{str(path)!r}: the folder {str(path.parent)!r} does not exist; make it first")
    return path


def save(frames: Frames, path: str | Path, frames_per_second: float) -> Path:
    """Write frames as a looping GIF or as an H.264 MP4, whole or not at all.

    Args:
        frames: ``[F, H, W, 3]``.
        path: ends in ``.gif`` or ``.mp4``.
        frames_per_second: a GIF rounds the time of a frame to hundredths of a second.

    Raises:
        ValueError: if there are no frames, or for a path that `check_path` refuses.
    """
    path = check_path(path)
    if frames.ndim != 4 or frames.shape[-1] != 3 or not len(frames):
        raise ValueError(f"frames have shape {frames.shape}; give [F, H, W, 3] with at least one frame")
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    with atomic_path(path) as partial:
        write(frames, partial, frames_per_second)
    return path


def _write_gif(frames: Frames, path: Path, frames_per_second: float) -> None:
    """Write a GIF with one palette for all frames: smaller, and colours do not flicker.

    The palette has the most frequent colours, which keeps flat ones exact; only shades at edges change.
    """
    colours, counts = np.unique(_packed(frames[:, ::3, ::3]), return_counts=True)
    palette = _unpacked(colours[np.argsort(counts)[-GIF_COLOURS:]])
    present = np.zeros(2**24, dtype=bool)
    for frame in frames:
        present[_packed(frame)] = True
    nearest = np.zeros(2**24, dtype=np.uint8)
    nearest[present] = cKDTree(palette).query(_unpacked(np.flatnonzero(present)))[1]
    images = [Image.fromarray(nearest[_packed(frame)]) for frame in frames]
    for image in images:
        image.putpalette(palette.tobytes())
    duration = 10 * max(round(100 / frames_per_second), 1)
    images[0].save(path, save_all=True, append_images=images[1:], duration=duration, loop=0)


def _packed(colours: Frames) -> NDArray[np.int32]:
    """Pack red, green and blue ``[..., 3]`` into one number ``[...]``."""
    return colours.astype(np.int32) @ CHANNELS


def _unpacked(numbers: NDArray[Any]) -> Frames:
    return (numbers[..., None] // CHANNELS % 256).astype(np.uint8)


def _write_mp4(frames: Frames, path: Path, frames_per_second: float) -> None:
    odd_height, odd_width = frames.shape[1] % 2, frames.shape[2] % 2  # H.264 wants even sizes
    even = np.pad(frames, ((0, 0), (0, odd_height), (0, odd_width), (0, 0)), mode="edge")
    iio.imwrite(path, even, plugin="FFMPEG", fps=frames_per_second, codec="libx264", macro_block_size=2)


def contact_sheet(frames: Frames, count: int = 4) -> Frames:
    """Strip of frames, evenly spread over the episode from the first to the last.

    Args:
        frames: ``[F, H, W, 3]``.
        count: largest number of frames.

    Returns:
        ``[H, W, 3]``.

    Raises:
        ValueError: if ``count`` is below 1 or there are no frames.
    """
    if count < 1 or not len(frames):
        raise ValueError(f"asked for {count} of {len(frames)} frames; give and ask for at least one")
    return np.concatenate([frames[i] for i in spread(len(frames), count)], axis=1)


def spread(number: int, count: int = 4) -> list[int]:
    """Indices of at most ``count`` of ``number`` moments, evenly spread from the first to the last."""
    return np.linspace(0, number - 1, min(count, number)).round().astype(int).tolist()


def _half_widths(scenes: Sequence[Scene]) -> NDArray[np.float64]:
    """Half the width of the view for each frame, ``[F]``: large enough for all discs, and smooth.

    The mean over a window of the maximum over as large a window is at least the value at its
    centre, since each of these maxima has that value among its own.
    """
    needed = np.array([_reach(scene) for scene in scenes])
    if not np.isfinite(needed).all():
        step = int(np.flatnonzero(~np.isfinite(needed))[0])
        raise ValueError(f"the scene of step {step} has a disc at no finite place; all must be finite to be drawn")
    widest = maximum_filter1d(needed, ZOOM_FRAMES, mode="nearest")
    return np.maximum(uniform_filter1d(widest, ZOOM_FRAMES, mode="nearest"), needed)


def _reach(scene: Scene) -> float:
    outermost = [1.06 * max(abs(x), abs(y)) + 1.5 * radius for x, y, radius, _ in scene.discs]
    return float(np.max([VIEW_MARGIN * scene.extent, *outermost]))


def _colours(scenes: Sequence[Scene], classes: Sequence[str]) -> dict[str, str]:
    """Colour of each kind of disc, in the order of the legend."""
    kinds = dict.fromkeys([*classes, *(kind for scene in scenes for *_, kind in scene.discs)])
    names = [kind for kind in kinds if kind not in FIXED_COLOURS]
    colours = {name: CLASS_COLOURS[i % len(CLASS_COLOURS)] for i, name in enumerate(names)}
    return colours | {kind: colour for kind, colour in FIXED_COLOURS.items() if kind in kinds}


class _Stage:
    """Figure whose artists are made once and moved from frame to frame."""

    def __init__(self, scenes: Sequence[Scene], classes: Sequence[str], width: int) -> None:
        self.colours = _colours(scenes, classes)
        height = 2 * round(width * 7 / 12)
        figure = Figure(figsize=(4.8, 4.8 * height / width), dpi=width / 4.8, facecolor="white")
        self.canvas = FigureCanvasAgg(figure)
        self.axes = figure.add_axes((0.0, 1 / 10, 1.0, 6 / 7))
        self.axes.set_axis_off()
        extent = max(scene.extent for scene in scenes)
        edge = Rectangle((-extent, -extent), 2 * extent, 2 * extent, fill=False, edgecolor="#DDDDDD", linewidth=1.5)
        self.axes.add_patch(edge)
        self.obstacles = PolyCollection([], facecolors=OBSTACLE_COLOUR)
        self.ranges = LineCollection([], linewidths=0.8, linestyles=[(0, (4, 4))], alpha=0.4)
        self.links = LineCollection([], linewidths=1.6, colors=LINK_COLOUR)
        self.halos = PolyCollection([], facecolors=CONTACT_COLOUR, edgecolors=CONTACT_EDGE, linewidths=2.0)
        self.bodies = PolyCollection([], edgecolors="white", linewidths=0.8)
        layers = (self.obstacles, self.ranges, self.links, self.halos, self.bodies)
        for order, collection in enumerate(layers, start=2):
            self.axes.add_collection(collection, autolim=False)
            collection.set_zorder(order)
        style: dict[str, Any] = {"fontsize": 11, "color": TEXT_COLOUR, "va": "top", "family": "monospace"}
        self.captions = (figure.text(0.03, 0.99, "", **style), figure.text(0.97, 0.99, "", ha="right", **style))
        handles = _legend(self.colours, scenes)
        figure.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9, labelspacing=0.3)

    def picture(self, scene: Scene, captions: Sequence[str], view: float) -> Frames:
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


def _legend(colours: dict[str, str], scenes: Sequence[Scene]) -> list[Line2D]:
    def dot(label: str, colour: str, edge: str = "white", size: float = 9) -> Line2D:
        return Line2D([], [], linestyle="", marker="o", markersize=size, color=colour, mec=edge, label=label)

    handles = [
        dot(kind if kind in FIXED_COLOURS else f"class {kind}", colour, size=7 if kind == "prey" else 9)
        for kind, colour in colours.items()
    ]
    handles.append(dot("contact", CONTACT_COLOUR, CONTACT_EDGE))
    if any(scene.links for scene in scenes):
        handles.append(Line2D([], [], color=LINK_COLOUR, alpha=LINK_ALPHA, linewidth=1.6, label="link"))
    if any(scene.range is not None for scene in scenes):
        handles.append(Line2D([], [], color=LINK_COLOUR, alpha=0.5, linewidth=0.8, linestyle="--", label="range"))
    return handles
