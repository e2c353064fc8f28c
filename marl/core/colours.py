"""Colours of all pictures.

They are those of Okabe and Ito, "Color universal design" (https://jfly.uni-koeln.de/color/), which colour-blind readers
can tell apart.
"""

from __future__ import annotations

__all__ = [
    "BLACK",
    "BLUE",
    "CLASS_COLOURS",
    "CONTACT_COLOUR",
    "CONTACT_EDGE",
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
]

BLUE, ORANGE, PINK, SKY = "#0072B2", "#E69F00", "#CC79A7", "#56B4E9"
VERMILION, BLACK, GREEN, YELLOW = "#D55E00", "#000000", "#009E73", "#F0E442"

CLASS_COLOURS = (BLUE, ORANGE, PINK, SKY, VERMILION, BLACK)
"""Colours of agent classes, or of the arms of a report, in order."""
PREY_COLOUR, OBSTACLE_COLOUR, PREDATOR_COLOUR = GREEN, "#C4C4C4", "#7A0000"
CONTACT_COLOUR, CONTACT_EDGE, LINK_COLOUR, TEXT_COLOUR = YELLOW, "#D00000", "#404040", "#202020"
