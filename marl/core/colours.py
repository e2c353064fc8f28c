"""Colours of all pictures.

They are those of Okabe and Ito, "Color universal design" (https://jfly.uni-koeln.de/color/), which colour-blind readers
can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = [
    "BLACK",
    "BLUE",
    "CLASS_COLOURS",
    "CONTACT_COLOUR",
    "CONTACT_EDGE",
    "FIXED_COLOURS",
    "GREEN",
    "LINK_COLOUR",
    "OBSTACLE_COLOUR",
    "ORANGE",
    "PINK",
    "PREDATOR_COLOUR",
    "PREY_COLOUR",
    "SKY",
    "TEXT_COLOUR",
    "VERMILION",
    "YELLOW",
    "colours_of",
]

BLUE, ORANGE, PINK, SKY = "#0072B2", "#E69F00", "#CC79A7", "#56B4E9"
VERMILION, BLACK, GREEN, YELLOW = "#D55E00", "#000000", "#009E73", "#F0E442"

CLASS_COLOURS = (BLUE, ORANGE, PINK, SKY, VERMILION, BLACK)
"""Colours of agent classes, or of the arms of a report, in order."""
PREY_COLOUR, OBSTACLE_COLOUR, PREDATOR_COLOUR = GREEN, "#C4C4C4", "#7A0000"
CONTACT_COLOUR, CONTACT_EDGE, LINK_COLOUR, TEXT_COLOUR = YELLOW, "#D00000", "#404040", "#202020"

FIXED_COLOURS = {"prey": PREY_COLOUR, "predator": PREDATOR_COLOUR, "obstacle": OBSTACLE_COLOUR}
"""Colours of the side that does not learn, and of obstacles; agents have the colours of their classes."""


def colours_of(kinds: Iterable[str], classes: Sequence[str] = ()) -> dict[str, str]:
    """Colour of each kind of disc, in the order of a legend.

    Args:
        kinds: those that are seen.
        classes: names of the classes in the order in which they take colours; others follow as they come.
    """
    known = dict.fromkeys([*classes, *kinds])
    names = [kind for kind in known if kind not in FIXED_COLOURS]
    colours = {name: CLASS_COLOURS[i % len(CLASS_COLOURS)] for i, name in enumerate(names)}
    return colours | {kind: colour for kind, colour in FIXED_COLOURS.items() if kind in known}
