"""One moment of one copy, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from marl.core.colours import CONTACT_COLOUR, CONTACT_EDGE, FIXED_COLOURS, LINK_COLOUR, OBSTACLE_COLOUR, colours_of

__all__ = ["Picture", "Scene"]


SHOWN_WIDTH = 320


@dataclass(frozen=True, repr=False)
class Scene:
    """One moment of one copy, ready to be drawn; a notebook shows it.

    Args:
        discs: for each entity ``(x, y, radius, kind)``; ``kind`` is a class name, ``"prey"`` or
            ``"predator"`` (opponents), or ``"obstacle"``.
        links: pairs of indices into ``discs`` that hear each other.
        contacts: indices into ``discs`` that touch a target at this moment.
        range: radius in which an agent hears, or None if it is unlimited or there is no graph.
        extent: half the width of the arena.
        sights: pairs of indices into ``discs``, an agent and what it sees.
    """

    discs: tuple[tuple[float, float, float, str], ...]
    links: tuple[tuple[int, int], ...]
    contacts: tuple[int, ...]
    range: float | None
    extent: float
    sights: tuple[tuple[int, int], ...] = ()

    def __repr__(self) -> str:
        return f"Scene({len(self.discs)} discs, {len(self.links)} links, {len(self.contacts)} contacts)"

    def _repr_svg_(self) -> str:
        reach = max([1.1 * self.extent, *(max(abs(x), abs(y)) + radius for x, y, radius, _ in self.discs)])
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{SHOWN_WIDTH}" height="{SHOWN_WIDTH}"'
        box = f'viewBox="{-reach:g} {-reach:g} {2 * reach:g} {2 * reach:g}"'
        return f'{head} {box}><g transform="scale(1 -1)">{"".join(self._shapes(reach / 100))}</g></svg>'

    def _shapes(self, line: float) -> Iterator[str]:
        """Elements of SVG from the lowest to the highest, with lines of some width."""
        low, side = -self.extent, 2 * self.extent
        yield f'<rect x="{low}" y="{low}" width="{side}" height="{side}" {_edge(OBSTACLE_COLOUR, line)}/>'
        colours = colours_of(kind for *_, kind in self.discs)
        for x, y, _, kind in self.discs if self.range is not None else ():
            if kind not in FIXED_COLOURS:
                dashes = f'stroke-dasharray="{4 * line}" opacity="0.4"'
                yield f'<circle cx="{x}" cy="{y}" r="{self.range}" {_edge(colours[kind], line)} {dashes}/>'
        for one, other in self.links:
            (x1, y1, *_), (x2, y2, *_) = self.discs[one], self.discs[other]
            yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {_edge(LINK_COLOUR, line)} opacity="0.5"/>'
        for i in self.contacts:
            x, y, radius, _ = self.discs[i]
            halo = f'fill="{CONTACT_COLOUR}" stroke="{CONTACT_EDGE}" stroke-width="{line}"'
            yield f'<circle cx="{x}" cy="{y}" r="{radius + 2 * line}" {halo}/>'
        for x, y, radius, kind in sorted(self.discs, key=lambda disc: disc[3] != "obstacle"):
            told = f"<title>{escape(kind)}</title>"
            yield f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colours[kind]}">{told}</circle>'


def _edge(colour: str, width: float) -> str:
    return f'fill="none" stroke="{colour}" stroke-width="{width}"'


Picture = NDArray[np.uint8]
"""One moment of one copy as the environment itself draws it, ``[H, W, 3]``."""
