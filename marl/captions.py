"""Pictures that an environment draws itself, made into frames with a caption.

Axes: ``F`` frames, ``H`` height and ``W`` width in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from marl.environment import Picture

__all__ = ["captioned"]

BAR_HEIGHT, MARGIN, FONT_SIZE = 28, 8, 15
TEXT_COLOUR = "#202020"


def captioned(pictures: Sequence[Picture], captions: Sequence[Sequence[str]], width: int) -> Picture:
    """Frames of equal size with a bar of text above each picture.

    Args:
        pictures: each ``[h, w, 3]``.
        captions: for each picture what stands at the left and at the right.
        width: ``W``, even; the height follows.

    Returns:
        ``[F, H, W, 3]``, both ``H`` and ``W`` even.
    """
    height = 2 * round(pictures[0].shape[0] * width / pictures[0].shape[1] / 2)
    bar = round(BAR_HEIGHT * max(width, 240) / 480) * 2 // 2
    bar += (bar + height) % 2
    font = ImageFont.load_default(max(9, round(FONT_SIZE * width / 480)))
    frames = []
    for picture, (left, right) in zip(pictures, captions, strict=True):
        frame = Image.new("RGB", (width, height + bar), "white")
        frame.paste(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS), (0, bar))
        pen = ImageDraw.Draw(frame)
        pen.text((MARGIN, bar / 2), left, TEXT_COLOUR, font, anchor="lm")
        pen.text((width - MARGIN, bar / 2), right, TEXT_COLOUR, font, anchor="rm")
        frames.append(np.asarray(frame))
    return np.stack(frames)
