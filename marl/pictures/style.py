"""Colours of all pictures, and the one way in which a PNG is written."""

from __future__ import annotations

__all__ = ["CLASS_COLOURS", "OBSTACLE_COLOUR", "PREY_COLOUR"]

CLASS_COLOURS = ("#0072B2", "#E69F00", "#CC79A7", "#56B4E9", "#D55E00", "#000000")


PREY_COLOUR, OBSTACLE_COLOUR = "#009E73", "#C4C4C4"
