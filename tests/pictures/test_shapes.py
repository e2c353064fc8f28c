from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from marl.pictures.shapes import Box, Circle, Drawing, Line, Polygon, Shape, Text

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
SVG = "{http://www.w3.org/2000/svg}"


def painted(*shapes: Shape) -> np.ndarray:
    """A drawing of 20 by 10 units, 40 pixels wide: two pixels a unit."""
    return Drawing(20, 10, shapes).pixels(40)


def colour(picture: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    """Colour of the pixel right of and below a place in units."""
    return tuple(picture[int(2 * y), int(2 * x)].tolist())


def test_a_picture_is_white_and_of_the_drawing_s_shape() -> None:
    picture = painted()
    assert picture.shape == (20, 40, 3) and picture.dtype == np.uint8
    assert (picture == 255).all()


def test_later_shapes_lie_above_earlier_ones() -> None:
    below, above = Box((2, 2), 8, 6, "#FF0000"), Box((6, 2), 8, 6, "#0000FF")
    assert colour(painted(below, above), 7, 4) == BLUE
    assert colour(painted(above, below), 7, 4) == RED


@pytest.mark.parametrize(
    ("shape", "inside", "outside"),
    [
        (Box((2, 2), 8, 6, "#FF0000"), [(2, 2), (9, 7)], [(1, 4), (10.5, 4), (5, 8.5)]),
        (Circle((10, 5), 4, "#FF0000"), [(10, 1.5), (6.5, 5), (13, 5)], [(6.5, 1.5), (13.5, 8.5)]),
        (Circle((10, 5), 4, edge="#FF0000", width=2), [(10, 1), (14, 5)], [(10, 5), (7.5, 5)]),
        (Line(((0, 5), (20, 5)), "#FF0000", 2), [(1, 4.5), (18, 5)], [(10, 3), (10, 7)]),
        (Polygon(((2, 9), (10, 1), (18, 9)), "#FF0000"), [(10, 3), (4, 8)], [(3, 3), (17, 3)]),
        (Polygon(((2, 9), (10, 1), (18, 9)), edge="#FF0000", width=2), [(10, 9), (10, 1.5)], [(10, 6)]),
    ],
)
def test_a_shape_covers_its_place(
    shape: Shape, inside: list[tuple[float, float]], outside: list[tuple[float, float]]
) -> None:
    picture = painted(shape)
    assert {colour(picture, *place) for place in inside} == {RED}
    assert {colour(picture, *place) for place in outside} == {WHITE}


def test_text_stands_around_its_place() -> None:
    dark = np.argwhere((painted(Text((5, 5), "M", "#000000", 6)) < 128).all(-1))
    assert abs(dark[:, 1].mean() - 10) < 1.5 and abs(dark[:, 0].mean() - 10) < 1.5
    assert 6 <= np.ptp(dark[:, 0]) <= 12


def test_a_slanted_line_has_smooth_edges() -> None:
    shades = {tuple(pixel) for pixel in painted(Line(((0, 0), (20, 10)), "#FF0000", 2)).reshape(-1, 3).tolist()}
    assert len(shades) > 2


def test_an_svg_has_an_element_for_each_shape_in_its_order() -> None:
    shapes = (
        Box((1, 2), 3, 4, "#FF0000"),
        Circle((5, 6), 2.5, edge="#0000FF", width=0.5),
        Line(((0, 0), (1, 2)), "#000000", 1),
        Polygon(((0, 0), (1, 0), (0, 1)), "#FF0000", "#0000FF", 2),
        Text((5, 6), "four", "#000000", 10),
    )
    root = ElementTree.fromstring(Drawing(20, 10, shapes, "a title").svg(40))
    assert root.get("viewBox") == "0 0 20 10" and (root.get("width"), root.get("height")) == ("40", "20")
    assert [child.tag.removeprefix(SVG) for child in root] == [
        *("title", "rect"),
        *("rect", "circle", "polyline", "polygon", "text"),
    ]
    title, _, box, circle, line, polygon, text = root
    assert title.text == "a title" and text.text == "four"
    assert box.attrib == {"x": "1", "y": "2", "width": "3", "height": "4", "fill": "#FF0000"}
    assert (circle.get("fill"), circle.get("stroke"), circle.get("stroke-width")) == ("none", "#0000FF", "0.5")
    assert line.get("points") == "0,0 1,2" and polygon.get("points") == "0,0 1,0 0,1"


def test_an_svg_without_a_width_fills_its_space() -> None:
    assert ElementTree.fromstring(Drawing(20, 10, ()).svg()).get("width") is None


def test_names_are_text_in_an_svg_whatever_they_hold() -> None:
    nasty = "<script>alert('x')</script> & more"
    root = ElementTree.fromstring(Drawing(20, 10, [Text((1, 1), nasty, "#000000", 5)], nasty).svg())
    assert root[0].text == nasty and root[-1].text == nasty
