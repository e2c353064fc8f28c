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
from marl.pictures.recording import Spool

__all__ = ["check_path", "save"]

SUFFIXES = (".gif", ".mp4")
GIF_COLOURS = 128
CLEAR = 255
"""Number of the colour that lets the frame before be seen."""
CHANNELS = np.array([1, 256, 65536], dtype=np.int32)


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
        ValueError: if there are no frames, for frames of another shape, or a path that `check_path` refuses.
    """
    path, frames = check_path(path), iter(frames)
    first = next(frames, None)
    if first is None or first.ndim != 3 or first.shape[-1] != 3:
        found = "there are 0 frames" if first is None else f"a frame has shape {first.shape}"
        raise ValueError(f"{found}; give at least one, each [H, W, 3]")
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    with atomic_path(path) as partial:
        write(chain([first], frames), partial, frames_per_second)
    return path


def _write_gif(frames: Iterable[Picture], path: Path, frames_per_second: float) -> None:
    """Write a GIF with one palette for all frames: smaller, and colours do not flicker.

    The palette has the most frequent colours, which keeps flat ones exact; only shades at edges change. It is known
    after the last frame, so frames wait on the disk.
    """
    counts, spool = np.zeros(2**24, dtype=np.uint32), Spool(path.parent)
    for frame in frames:
        colours, number = np.unique(_packed(frame[::3, ::3]), return_counts=True)
        counts[colours] += number.astype(np.uint32)
        spool.append(frame)
    seen = np.flatnonzero(counts)
    palette = _unpacked(seen[np.argsort(counts[seen])[-GIF_COLOURS:]])
    delay = max(round(100 / frames_per_second), 1)
    with path.open("wb") as file:
        file.write(_gif_header(spool[0], palette))
        file.writelines(_gif_frames(_numbered(spool, palette), delay))
        file.write(b";")


def _numbered(frames: Iterable[Picture], palette: Picture) -> Iterator[NDArray[np.uint8]]:
    """Number of the nearest colour of a palette for each pixel, ``[H, W]``."""
    tree, nearest, known = cKDTree(palette), np.zeros(2**24, dtype=np.uint8), np.zeros(2**24, dtype=bool)
    for frame in frames:
        packed = _packed(frame)
        fresh = np.unique(packed[~known[packed]])
        nearest[fresh] = tree.query(_unpacked(fresh))[1]
        known[fresh] = True
        yield nearest[packed]


def _gif_header(frame: Picture, palette: Picture) -> bytes:
    """Size, a table of 256 colours for all frames, and the wish to loop for ever.

    Source: https://www.w3.org/Graphics/GIF/spec-gif89a.txt, sections 17 to 19 and 26.
    """
    height, width, _ = frame.shape
    screen = struct.pack("<HHBBB", width, height, 0b1111_0111, 0, 0)
    loop = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return b"GIF89a" + screen + palette.tobytes().ljust(3 * 256, b"\x00") + loop


def _gif_frames(images: Iterable[NDArray[np.uint8]], delay: int) -> Iterator[bytes]:
    """Blocks of each frame: the rectangle in which it differs from the one before, for hundredths of a second."""
    shown = None
    for image in images:
        box, drawn = (slice(None), slice(None)), image
        if shown is not None:
            changed = image != shown
            box, drawn = _box(changed), np.where(changed, image, CLEAR).astype(np.uint8)
        corner = (box[1].start or 0, box[0].start or 0)
        options: dict[str, Any] = {"duration": 10 * delay, "transparency": CLEAR}
        yield b"".join(GifImagePlugin.getdata(Image.fromarray(drawn[box]), corner, **options))
        shown = image


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
