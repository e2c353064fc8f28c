"""Captions for frames that an environment draws itself.

Axes: ``F`` frames, ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from marl.core.scene import Picture

__all__ = ["captioned"]

BAR_HEIGHT, MARGIN, FONT_SIZE = 28, 8, 16
"""Sizes in pixels, for a frame 480 wide."""
SMALLEST_FONT = 11
TEXT_COLOUR, BAR_COLOUR, EDGE_COLOUR = "#202020", "#EEEEEE", "#BBBBBB"


def captioned(pictures: Sequence[Picture], captions: Sequence[Sequence[str]], width: int) -> Picture:
    """Scale pictures to frames of equal size, and add a bar of text above each.

    Args:
        pictures: each ``[h, w, 3]``.
        captions: for each picture the text at the left and the text at the right.
        width: ``W``, even; the height follows.

    Returns:
        ``[F, H, W, 3]``, both ``H`` and ``W`` even.
    """
    height = 2 * round(pictures[0].shape[0] * width / pictures[0].shape[1] / 2)
    size = max(SMALLEST_FONT, round(FONT_SIZE * width / 480))
    bar = 2 * round(BAR_HEIGHT * size / FONT_SIZE / 2)
    font = ImageFont.load_default(size)
    frames = []
    for picture, (left, right) in zip(pictures, captions, strict=True):
        frame = Image.new("RGB", (width, height + bar), BAR_COLOUR)
        frame.paste(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC), (0, bar))
        pen = ImageDraw.Draw(frame)
        pen.rectangle((0, 0, width - 1, height + bar - 1), outline=EDGE_COLOUR)
        pen.text((MARGIN, bar / 2), left, TEXT_COLOUR, font, anchor="lm")
        pen.text((width - MARGIN, bar / 2), right, TEXT_COLOUR, font, anchor="rm")
        frames.append(np.asarray(frame))
    return np.stack(frames)
