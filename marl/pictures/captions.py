"""Captions for frames that an environment draws itself.

Axes: ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from marl.core.scene import Picture

__all__ = ["Captions", "scaled"]

BAR_HEIGHT, MARGIN, FONT_SIZE = 28, 8, 16
"""Sizes in pixels, for a frame 480 wide."""
SMALLEST_FONT = 11
TEXT_COLOUR, BAR_COLOUR, EDGE_COLOUR = "#202020", "#EEEEEE", "#BBBBBB"


def scaled(picture: Picture, width: int) -> Picture:
    """Picture ``[h, w, 3]`` that is wider than ``width`` scaled down to it; others as they are."""
    if picture.shape[1] <= width:
        return picture.copy()
    return np.asarray(Image.fromarray(picture).resize((width, _height(picture, width)), Image.Resampling.BICUBIC))


class Captions:
    """Scale pictures to frames of one size, with a bar of text above each.

    Args:
        first: first picture, ``[h, w, 3]``; all frames have its proportions.
        width: ``W``, even; the height follows, even too.
        scale: of the letters.
    """

    def __init__(self, first: Picture, width: int, scale: float = 1.0) -> None:
        size = max(SMALLEST_FONT, round(FONT_SIZE * scale * width / 480))
        self.size, self.bar = (width, _height(first, width)), 2 * round(BAR_HEIGHT * size / FONT_SIZE / 2)
        self.font = ImageFont.load_default(size)

    def frame(self, picture: Picture, captions: Sequence[str]) -> Picture:
        """Frame ``[H, W, 3]``, with one text at the left and one at the right."""
        (width, height), (left, right) = self.size, captions
        frame = Image.new("RGB", (width, height + self.bar), BAR_COLOUR)
        frame.paste(Image.fromarray(picture).resize(self.size, Image.Resampling.BICUBIC), (0, self.bar))
        pen = ImageDraw.Draw(frame)
        pen.rectangle((0, 0, width - 1, height + self.bar - 1), outline=EDGE_COLOUR)
        pen.text((MARGIN, self.bar / 2), left, TEXT_COLOUR, self.font, anchor="lm")
        pen.text((width - MARGIN, self.bar / 2), right, TEXT_COLOUR, self.font, anchor="rm")
        return np.asarray(frame)


def _height(picture: Picture, width: int) -> int:
    return max(2, 2 * round(picture.shape[0] * width / picture.shape[1] / 2))
