from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from marl.core.colours import CLASS_COLOURS, CONTACT_COLOUR, PREY_COLOUR
from marl.core.scene import Scene

SCENE = Scene(
    discs=((0.0, 0.0, 0.1, "A"), (0.5, 0.5, 0.1, "<B>"), (2.0, 0.0, 0.05, "prey")),
    links=((0, 1),),
    contacts=(1,),
    range=0.8,
    extent=1.0,
)


def test_a_scene_shows_itself_as_svg_with_all_discs_in_view() -> None:
    svg = ElementTree.fromstring(SCENE._repr_svg_())
    left, bottom, width, height = map(float, svg.attrib["viewBox"].split())
    assert (left, bottom, width, height) == (-2.05, -2.05, 4.1, 4.1)
    shapes = list(svg[0])
    kinds = [shape.tag.rpartition("}")[2] for shape in shapes]
    assert kinds == ["rect", "circle", "circle", "line", "circle", "circle", "circle", "circle"]
    assert [shape.attrib["r"] for shape in shapes[1:3]] == ["0.8", "0.8"]  # prey hears nobody
    assert [shape.attrib["fill"] for shape in shapes[4:]] == [CONTACT_COLOUR, *CLASS_COLOURS[:2], PREY_COLOUR]
    assert shapes[6][0].text == "<B>"


def test_a_scene_says_how_much_there_is_in_it() -> None:
    assert repr(SCENE) == "Scene(3 discs, 1 links, 1 contacts)"
    still = Scene(SCENE.discs, (), (), None, 1.0)
    assert "stroke-dasharray" not in still._repr_svg_()
