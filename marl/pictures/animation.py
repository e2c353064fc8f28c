"""Animated pictures, written frame by frame.

Axes: ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image
from scipy.spatial import cKDTree

from marl.core.files import atomic_path
from marl.core.scene import Picture
from marl.pictures.style import COLOURS

__all__ = ["check_path", "save"]

SUFFIXES = (".gif", ".mp4", ".html")
MOST_COLOURS = 256
TOLERANCE = 8
"""Largest error of red, green or blue of a pixel, unless a frame has more shades than a palette can cover."""
CHANNELS = np.array([1, 256, 65536], dtype=np.int32)
STYLE = [int.from_bytes(bytes.fromhex(colour[1:]), "little") for colour in COLOURS]
"""Colours that stay exact, packed."""


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


def save(frames: Iterable[Picture], path: str | Path, frames_per_second: float) -> Path:
    """Write frames as a looping GIF or as an H.264 MP4, whole or not at all.

    Args:
        frames: each ``[H, W, 3]``, of one size; taken one by one, and none is held.
        path: ends in ``.gif`` or ``.mp4``.
        frames_per_second: a GIF rounds the time of a frame to hundredths of a second.

    Raises:
        ValueError: if there are no frames, for frames of another shape, or a path that `check_path` refuses or that
            names a page.
    """
    path, frames = check_path(path), iter(frames)
    if path.suffix.lower() == ".html":
        raise ValueError(f"{str(path)!r}: frames make a .gif or .mp4; a page is made of scenes")
    first = next(frames, None)
    if first is None or first.ndim != 3 or first.shape[-1] != 3:
        found = "there are 0 frames" if first is None else f"a frame has shape {first.shape}"
        raise ValueError(f"{found}; give at least one, each [H, W, 3]")
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    with atomic_path(path) as partial:
        write(chain([first], frames), partial, frames_per_second)
    return path


def _write_gif(frames: Iterable[Picture], path: Path, frames_per_second: float) -> None:
    """Write a GIF whose frames have a palette each: of what changes, no shade is off by more than `TOLERANCE`."""
    with path.open("wb") as file:
        file.writelines(_gif_blocks(frames, max(round(100 / frames_per_second), 1)))
        file.write(b";")


def _gif_blocks(frames: Iterable[Picture], delay: int) -> Iterator[bytes]:
    """Header, then the rectangle of each frame in which it differs from the one before, for hundredths of a second.

    Source: https://www.w3.org/Graphics/GIF/spec-gif89a.txt, sections 17, 18, 20, 21 and 26.
    """
    shown: NDArray[np.int32] | None = None
    for frame in frames:
        packed = _packed(frame)
        changed = np.ones(packed.shape, np.bool_) if shown is None else packed != shown
        if shown is None:
            screen = struct.pack("<HHBBB", packed.shape[1], packed.shape[0], 0b0111_0000, 0, 0)
            yield b"GIF89a" + screen + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"  # loops for ever
        box = _box(changed)
        palette, drawn = _numbered(packed[box])
        image = Image.fromarray(drawn)
        image.putpalette(palette.tobytes())
        options: dict[str, Any] = {"duration": 10 * delay, "include_color_table": True}
        corner = (box[1].start, box[0].start)
        yield b"".join(GifImagePlugin.getdata(image, corner, **options))
        shown = packed


def _numbered(packed: NDArray[np.int32]) -> tuple[Picture, NDArray[np.uint8]]:
    """Palette of at most 256 colours, and the number of the nearest for each pixel."""
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    palette = _palette(colours, counts)
    nearest = cKDTree(palette).query(_unpacked(colours), p=np.inf)[1].astype(np.uint8)
    return palette, nearest[places].reshape(packed.shape)


def _palette(colours: NDArray[np.int32], counts: NDArray[np.intp]) -> Picture:
    """Colours ``[P, 3]`` of which each of the given ones is near: those of the style, then the most frequent."""
    first = np.isin(colours, STYLE)
    ordered = _unpacked(colours[np.lexsort((-counts, ~first))]).astype(np.int16)
    chosen: list[NDArray[np.int16]] = []
    left = np.ones(len(ordered), np.bool_)
    while left.any() and len(chosen) < MOST_COLOURS:
        colour = ordered[left.argmax()]
        chosen.append(colour)
        left &= np.abs(ordered - colour).max(1) > TOLERANCE
    return np.array(chosen, np.uint8)


def _box(changed: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Smallest rectangle around all that changed; a pixel if nothing did."""
    rows, columns = (np.flatnonzero(changed.any(axis)).tolist() for axis in (1, 0))
    if not rows:
        return slice(0, 1), slice(0, 1)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _packed(colours: Picture) -> NDArray[np.int32]:
    """Pack red, green and blue ``[..., 3]`` into one number ``[...]``."""
    return colours.astype(np.int32) @ CHANNELS


def _unpacked(numbers: NDArray[Any]) -> Picture:
    return (numbers[..., None] // CHANNELS % 256).astype(np.uint8)


def _write_mp4(frames: Iterable[Picture], path: Path, frames_per_second: float) -> None:
    options: dict[str, Any] = {"fps": frames_per_second, "codec": "libx264", "macro_block_size": 2}
    even: Any = (_even(frame) for frame in frames)  # a batch may come from a generator, which its type does not say
    iio.imwrite(path, even, plugin="FFMPEG", is_batch=True, **options)


def _even(frame: Picture) -> Picture:
    """Frame with a row and a column doubled where H.264 wants even sizes."""
    return np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), mode="edge")
