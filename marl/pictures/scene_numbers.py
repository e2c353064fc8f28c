"""Scenes as numbers that a page draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from marl.core.colours import FIXED_COLOURS, colours_of
from marl.core.scene import Scene

__all__ = ["SceneNumbers"]

DIGITS = 3
"""Decimals of a place; an arena is some units wide."""


class SceneNumbers:
    """Scenes of one episode as numbers; what many have in common is kept once.

    Args:
        kinds: of discs that may be seen.
        classes: names of the classes, in the order of their colours.
    """

    def __init__(self, kinds: Iterable[str], classes: Sequence[str]) -> None:
        self.colours = colours_of(kinds, classes)
        self._kinds = list(self.colours)
        self._casts: dict[tuple[Any, ...], int] = {}
        self._sights: dict[tuple[int, ...], int] = {}

    def moment(self, scene: Scene, view: float, attention: Sequence[Sequence[float]] | None = None) -> dict[str, Any]:
        """One scene.

        Args:
            scene: its kinds are among those named.
            view: half the width that is seen.
            attention: weights of its agents for each other, of row for column; None if they are not known.
        """
        cast = tuple((round(radius, DIGITS), self._kinds.index(kind)) for *_, radius, kind in scene.discs)
        pairs = sorted({(min(pair), max(pair)) for pair in scene.links})
        sights = tuple(place for pair in scene.sights for place in pair)
        heeds = {} if attention is None else {"heeds": [[round(100 * share) for share in row] for row in attention]}
        return {
            "cast": self._casts.setdefault(cast, len(self._casts)),
            "at": [round(float(value), DIGITS) for x, y, *_ in scene.discs for value in (x, y)],
            "links": [end for pair in pairs for end in pair],
            "contacts": list(scene.contacts),
            "sees": self._sights.setdefault(sights, len(self._sights)),
            "view": round(float(view), DIGITS),
            **heeds,
        }

    def head(self, extent: float, reach: float | None) -> dict[str, Any]:
        """All that the moments so far have in common.

        Args:
            extent: half the width of the arena.
            reach: within which agents hear each other; None if it is unlimited.
        """
        return {
            "kind": "scenes",
            "extent": extent,
            "range": reach,
            "kinds": self._kinds,
            "colours": list(self.colours.values()),
            "fixed": [kind for kind in self._kinds if kind in FIXED_COLOURS],
            "casts": list(self._casts),
            "sights": list(self._sights),
        }
