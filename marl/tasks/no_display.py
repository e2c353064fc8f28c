"""Drawing without a display."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["has_display", "no_display"]

SDL_DRIVER = "SDL_VIDEODRIVER"


def has_display() -> bool:
    """True unless the system says that there is no display."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY", SDL_DRIVER} & os.environ.keys())


@contextmanager
def no_display() -> Iterator[None]:
    """Tell SDL, with which pygame draws, that there is no display, so that it prints no warning."""
    absent = not has_display()
    if absent:
        os.environ[SDL_DRIVER] = "dummy"
    try:
        yield
    finally:
        if absent:
            del os.environ[SDL_DRIVER]
