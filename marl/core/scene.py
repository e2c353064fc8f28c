"""One moment of one copy, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "Scene"]


@dataclass(frozen=True)
class Scene:
    """One moment of one copy, ready to be drawn.

    Args:
        discs: for each entity ``(x, y, radius, kind)``; ``kind`` is a class name, ``"prey"`` or
            ``"predator"`` (opponents), or ``"obstacle"``.
        links: pairs of indices into ``discs`` that hear each other.
        contacts: indices into ``discs`` that touch a target at this moment.
        range: radius in which an agent hears, or None if it is unlimited or there is no graph.
        extent: half the width of the arena.
    """

    discs: tuple[tuple[float, float, float, str], ...]
    links: tuple[tuple[int, int], ...]
    contacts: tuple[int, ...]
    range: float | None
    extent: float


Picture = NDArray[np.uint8]
"""One moment of one copy as the environment itself draws it, ``[H, W, 3]``."""
