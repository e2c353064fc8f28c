"""A drawing of a few plain shapes, as SVG for pages and as pixels for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Box", "Circle", "Drawing", "Line", "Polygon", "Shape", "Text"]

Point = tuple[float, float]
FINE = 3
"""Pixels are drawn so many times as large and then made smaller, so that slanted lines are smooth."""


@dataclass(frozen=True)
class Line:
    """Line through points."""

    points: tuple[Point, ...]
    colour: str
    width: float

    def svg(self) -> str:
        """Element of SVG."""
        places = " ".join(f"{x:g},{y:g}" for x, y in self.points)
        return f'<polyline points="{places}" fill="none" stroke="{self.colour}" stroke-width="{self.width:g}"/>'

    def paint(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        """Draw with a pen, one unit ``scale`` pixels long."""
        pen.line([(x * scale, y * scale) for x, y in self.points], self.colour, round(self.width * scale), "curve")


@dataclass(frozen=True)
class Polygon:
    """Closed figure, filled, with an edge, or both."""

    points: tuple[Point, ...]
    fill: str | None = None
    edge: str | None = None
    width: float = 1.0

    def svg(self) -> str:
        """Element of SVG."""
        places = " ".join(f"{x:g},{y:g}" for x, y in self.points)
        return f'<polygon points="{places}" {_style(self.fill, self.edge, self.width)}/>'

    def paint(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        """Draw with a pen, one unit ``scale`` pixels long."""
        places = [(x * scale, y * scale) for x, y in self.points]
        pen.polygon(places, self.fill)
        if self.edge is not None:
            pen.line([*places, *places[:2]], self.edge, round(self.width * scale), "curve")


@dataclass(frozen=True)
class Circle:
    """Circle around a place, filled, with an edge, or both."""

    centre: Point
    radius: float
    fill: str | None = None
    edge: str | None = None
    width: float = 1.0

    def svg(self) -> str:
        """Element of SVG."""
        (x, y), style = self.centre, _style(self.fill, self.edge, self.width)
        return f'<circle cx="{x:g}" cy="{y:g}" r="{self.radius:g}" {style}/>'

    def paint(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        """Draw with a pen, one unit ``scale`` pixels long."""
        x, y = self.centre
        reach = self.radius + (self.width / 2 if self.edge else 0.0)  # SVG's edge lies half outside, the pen's inside
        corners = [(x - reach) * scale, (y - reach) * scale, (x + reach) * scale, (y + reach) * scale]
        pen.ellipse(corners, self.fill, self.edge, round(self.width * scale) if self.edge else 0)


@dataclass(frozen=True)
class Box:
    """Rectangle from its upper left corner, filled, with an edge, or both."""

    corner: Point
    width: float
    height: float
    fill: str | None = None
    edge: str | None = None
    stroke: float = 1.0

    def svg(self) -> str:
        """Element of SVG."""
        (x, y), style = self.corner, _style(self.fill, self.edge, self.stroke)
        return f'<rect x="{x:g}" y="{y:g}" width="{self.width:g}" height="{self.height:g}" {style}/>'

    def paint(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        """Draw with a pen, one unit ``scale`` pixels long."""
        x, y = self.corner
        corners = ((x, y), (x + self.width, y), (x + self.width, y + self.height), (x, y + self.height))
        Polygon(corners, self.fill, self.edge, self.stroke).paint(pen, scale)


@dataclass(frozen=True)
class Text:
    """One line of text whose middle is at a place."""

    place: Point
    text: str
    colour: str
    size: float

    def svg(self) -> str:
        """Element of SVG."""
        (x, y), style = self.place, f'font-size="{self.size:g}" font-family="sans-serif" text-anchor="middle"'
        return f'<text x="{x:g}" y="{y + 0.35 * self.size:g}" fill="{self.colour}" {style}>{escape(self.text)}</text>'

    def paint(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        """Draw with a pen, one unit ``scale`` pixels long."""
        font = ImageFont.load_default(self.size * scale)
        pen.text((self.place[0] * scale, self.place[1] * scale), self.text, self.colour, font, anchor="mm")


Shape = Line | Polygon | Circle | Box | Text


@dataclass(frozen=True)
class Drawing:
    """Shapes on white paper, the later ones above the earlier.

    Args:
        width: in units, from the left edge.
        height: in units, from the upper edge.
        shapes: from the lowest to the highest.
        title: what is seen, for those who hear the page.
    """

    width: float
    height: float
    shapes: Sequence[Shape]
    title: str = ""

    def svg(self, width: int | None = None) -> str:
        """One ``<svg>`` element.

        Args:
            width: in pixels; None fills the space that there is.
        """
        size = "" if width is None else f' width="{width}" height="{round(width * self.height / self.width)}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}"{size} role="img">'
        paper = Box((0, 0), self.width, self.height, "#FFFFFF").svg()
        shapes = "".join(shape.svg() for shape in self.shapes)
        return f"{head}<title>{escape(self.title)}</title>{paper}{shapes}</svg>"

    def pixels(self, width: int) -> NDArray[np.uint8]:
        """Picture ``[H, W, 3]``.

        Args:
            width: ``W``; the height follows.
        """
        height = round(width * self.height / self.width)
        picture = Image.new("RGB", (FINE * width, FINE * height), "#FFFFFF")
        pen = ImageDraw.Draw(picture)
        for shape in self.shapes:
            shape.paint(pen, FINE * width / self.width)
        return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


def _style(fill: str | None, edge: str | None, width: float) -> str:
    line = "" if edge is None else f' stroke="{edge}" stroke-width="{width:g}"'
    return f'fill="{fill or "none"}"{line}'
