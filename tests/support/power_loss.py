"""Folders as they may be after a loss of power, worked out from the log of a command's file operations.

What POSIX promises and no more: the data of a file are on the disk as of its last fsync, the names in a folder as of
the folder's last fsync. All else may be there or not.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from file_faults import Operation

__all__ = ["Disk", "Image", "images", "write_image"]

Image = dict[str, bytes | None]
"""Data of each file, and None for each folder, by its path."""


@dataclass
class File:
    """Data, and what of them is safe: as of the last fsync, and that length less what was cut off since."""

    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    safe: int = 0

    def cut(self, length: int) -> None:
        """Shorten or lengthen the data."""
        self.data = self.data[:length].ljust(length, b"\0")
        self.safe = min(self.safe, length)


@dataclass
class Folder:
    """Names in a folder, and those as of its last fsync."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    synced: dict[str, File | Folder] = field(default_factory=dict)


class Disk:
    """An empty folder, and what the operations make of it.

    Args:
        path: of the folder; operations name files below it.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.root = str(path), Folder()

    def apply(self, operation: Operation) -> None:
        """Carry out an operation."""
        getattr(self, f"_{operation.kind}")(operation)

    def whole(self) -> Image:
        """All that is there without a loss."""
        return _image(self.root, lambda folder: folder.names, lambda file: bytes(file.data))

    def lost(self) -> Image:
        """Only what is promised."""
        return _image(self.root, lambda folder: folder.synced, lambda file: file.synced)

    def named(self) -> Image:
        """All names, but only the data that are promised."""
        return _image(self.root, lambda folder: folder.names, lambda file: bytes(file.data[: file.safe]))

    def mixed(self, draw: random.Random) -> Image:
        """Names of some folders, and some of the data, beyond what is promised."""
        return _image(
            self.root,
            lambda folder: draw.choice([folder.names, folder.synced]),
            lambda file: bytes(file.data[: draw.randint(file.safe, len(file.data))]),
        )

    def _place(self, path: str) -> tuple[Folder, str]:
        """Folder of a path, and its name there."""
        *above, name = os.path.relpath(path, self.path).split("/")
        folder = self.root
        for part in above:
            below = folder.names[part]
            assert isinstance(below, Folder)
            folder = below
        return folder, name

    def _file(self, path: str) -> File:
        folder, name = self._place(path)
        file = folder.names[name]
        assert isinstance(file, File)
        return file

    def _open(self, operation: Operation) -> None:
        folder, name = self._place(operation.path)
        file = folder.names.setdefault(name, File())
        assert isinstance(file, File)
        if operation.place & os.O_TRUNC:
            file.cut(0)

    def _write(self, operation: Operation) -> None:
        file, end = self._file(operation.path), operation.place + len(operation.data)
        file.data = file.data.ljust(end, b"\0")
        file.data[operation.place : end] = operation.data

    def _truncate(self, operation: Operation) -> None:
        self._file(operation.path).cut(operation.place)

    def _fsync(self, operation: Operation) -> None:
        if operation.path == self.path:
            self.root.synced = dict(self.root.names)
            return
        folder, name = self._place(operation.path)
        item = folder.names[name]
        if isinstance(item, File):
            item.synced, item.safe = bytes(item.data), len(item.data)
        else:
            item.synced = dict(item.names)

    def _close(self, operation: Operation) -> None:
        """Nothing reaches the disk by it."""

    def _rename(self, operation: Operation) -> None:
        folder, name = self._place(operation.path)
        target, new = self._place(operation.other)
        target.names[new] = folder.names.pop(name)

    def _mkdir(self, operation: Operation) -> None:
        folder, name = self._place(operation.path)
        folder.names[name] = Folder()

    def _unlink(self, operation: Operation) -> None:
        folder, name = self._place(operation.path)
        del folder.names[name]

    _rmdir = _unlink


def images(path: Path, operations: Iterable[Operation], seed: int) -> list[tuple[Operation, str, Image]]:
    """Images of a loss of power after each operation, each once: the operation, the kind of loss, the image."""
    disk, draw = Disk(path), random.Random(seed)
    found: dict[object, tuple[Operation, str, Image]] = {}
    for operation in operations:
        disk.apply(operation)
        for kind, image in (("lost", disk.lost()), ("named", disk.named()), ("mixed", disk.mixed(draw))):
            found.setdefault(frozenset(image.items()), (operation, kind, image))
    return list(found.values())


def write_image(image: Image, folder: Path) -> None:
    """Write an image into an empty folder."""
    for name, data in image.items():
        if data is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)


def _image(
    folder: Folder, names: Callable[[Folder], Mapping[str, File | Folder]], data: Callable[[File], bytes]
) -> Image:
    image: Image = {}
    for name, item in names(folder).items():
        if isinstance(item, File):
            image[name] = data(item)
        else:
            below = _image(item, names, data)
            image |= {name: None, **{f"{name}/{path}": content for path, content in below.items()}}
    return image
