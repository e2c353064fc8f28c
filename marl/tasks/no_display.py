"""Drawing without a display."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_display"]

SDL_DRIVER = "SDL_VIDEODRIVER"


@contextmanager
def no_display() -> Iterator[None]:
    """Tell SDL, with which pygame draws, that there is no display, so that it prints no warning."""
    absent = sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", SDL_DRIVER} & os.environ.keys()
    if absent:
        os.environ[SDL_DRIVER] = "dummy"
    try:
        yield
    finally:
        if absent:
            del os.environ[SDL_DRIVER]
