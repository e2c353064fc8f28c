"""Scenes of an episode as it is played: all of them, or few of an episode whose length nobody knows beforehand."""

from __future__ import annotations

import tempfile
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from marl.core.scene import Picture, Scene
from marl.pictures.captions import scaled

__all__ = ["Outline", "Recording", "SparseRecording", "Spool", "spread"]

VIEW_MARGIN = 1.2
MOST = 128
"""Scenes that a sparse recording keeps."""


class Outline:
    """Facts about all scenes of an episode that the drawing of a single one needs.

    Of pictures their number, and ``plain``: True if each has one colour only.
    """

    def __init__(self) -> None:
        self.length = 0
        self.reaches: list[float] = []
        self.extent = 0.0
        self.kinds: dict[str, None] = {}
        self.has_links = self.has_ranges = False
        self.plain = True

    def add(self, scene: Scene | Picture) -> None:
        """Take the next scene in."""
        self.length += 1
        if not isinstance(scene, Scene):
            self.plain = self.plain and bool((scene == scene[0, 0]).all())
            return
        self.plain = False
        outermost = [1.06 * max(abs(x), abs(y)) + 1.5 * radius for x, y, radius, _ in scene.discs]
        self.reaches.append(float(np.max([VIEW_MARGIN * scene.extent, *outermost])))
        self.extent = max(self.extent, scene.extent)
        self.kinds |= dict.fromkeys(kind for *_, kind in scene.discs)
        self.has_links |= bool(scene.links)
        self.has_ranges |= scene.range is not None


class Spool:
    """Pictures ``[H, W, 3]`` in a file, compressed, so that they take no memory.

    Args:
        folder: folder of the file, which has no name there and ends with this object.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._places: list[tuple[int, int, tuple[int, ...]]] = []

    def __iter__(self) -> Iterator[Picture]:
        return (self[i] for i in range(len(self._places)))

    def __getitem__(self, i: int) -> Picture:
        start, size, shape = self._places[i]
        self._file.seek(start)
        return np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8).reshape(shape)

    def append(self, picture: Picture) -> None:
        """Write the next picture."""
        data = zlib.compress(picture.tobytes(), 1)
        self._places.append((self._file.seek(0, 2), len(data), picture.shape))
        self._file.write(data)


class Recording:
    """All scenes of an episode; pictures lie on the disk.

    Args:
        folder: folder for them.
    """

    def __init__(self, folder: Path) -> None:
        self.outline = Outline()
        self._scenes: list[Scene] = []
        self._pictures = Spool(folder)

    def append(self, scene: Scene | Picture) -> None:
        """Take the next scene in."""
        self.outline.add(scene)
        if isinstance(scene, Scene):
            self._scenes.append(scene)
        else:
            self._pictures.append(scene)

    def __getitem__(self, i: int) -> Scene | Picture:
        return self._scenes[i] if self._scenes else self._pictures[i]


class SparseRecording:
    """Scenes of an episode that are evenly spread, whatever its length, and the last; those between are not kept.

    All are there up to 128. Of more, every second goes each time that there are so many, and pictures of such steps are
    not even drawn from then on, as that may take longer than the episode.

    Args:
        width: width to which pictures are scaled down, in pixels.
    """

    def __init__(self, width: int) -> None:
        self.outline, self.width = Outline(), width
        self._kept: dict[int, Scene | Picture] = {}
        self._stride = 1
        self._last: Scene | Picture

    def wants(self, step: int) -> bool:
        """True if the scene of a step is to be drawn: one that is kept, or any of a plane, whose view needs all."""
        return step % self._stride == 0 or isinstance(self._last, Scene)

    def append(self, scene: Scene | Picture | None) -> None:
        """Take the next scene in; None for a step that was not drawn."""
        i = self.outline.length
        if scene is None:
            self.outline.length += 1
            return
        self.outline.add(scene)
        self._last = scene
        if i % self._stride:
            return
        self._kept[i] = scene if isinstance(scene, Scene) else scaled(scene, self.width)
        if len(self._kept) > MOST:
            self._stride *= 2
            self._kept = {step: kept for step, kept in self._kept.items() if step % self._stride == 0}

    def __getitem__(self, i: int) -> Scene | Picture:
        return self._last if i == self.outline.length - 1 else self._kept[i]

    def spread(self, count: int = 4) -> list[int]:
        """Steps of at most ``count`` scenes that are kept, as near as may be to `spread`."""
        *before, last = spread(self.outline.length, count)
        return [min(self._kept, key=lambda step: abs(step - i)) for i in before] + [last]


def spread(number: int, count: int = 4) -> list[int]:
    """Indices of at most ``count`` of ``number`` moments, evenly spread from the first to the last."""
    return np.linspace(0, number - 1, min(count, number)).round().astype(int).tolist()
