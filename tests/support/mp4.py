"""Frames of an MP4."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

__all__ = ["read_mp4"]


def read_mp4(path: Path) -> NDArray[np.uint8]:
    """Frames ``[T, H, W, 3]``. The reader of imageio leaves the pipes open of an ffmpeg that has ended."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "image2pipe", "-c:v", "ppm", "-"]
    told = subprocess.run(command, capture_output=True, check=True).stdout
    width, height = map(int, told.split(maxsplit=3)[1:3])
    header = len(f"P6\n{width} {height}\n255\n")
    frames = np.frombuffer(told, np.uint8).reshape(-1, header + 3 * width * height)
    return frames[:, header:].reshape(-1, height, width, 3)
