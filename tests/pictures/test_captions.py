from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from marl.pictures.captions import Captions, scaled
from marl.pictures.sheet import contact_sheet

RED = (200, 10, 20)


def picture(height: int, width: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.array(RED, dtype=np.uint8), (height, width, 3)).copy()


@pytest.mark.parametrize(("height", "width"), [(400, 600), (500, 500), (33, 47), (210, 160), (1, 600)])
@pytest.mark.parametrize("wide", [480, 240, 120])
def test_frames_are_even_and_keep_the_shape_of_the_picture(height: int, width: int, wide: int) -> None:
    frame = Captions(picture(height, width), wide).frame(picture(height, width), ("a", "b"))
    assert frame.dtype == np.uint8
    assert frame.shape[1:] == (wide, 3)
    assert frame.shape[0] % 2 == 0
    below = (frame[:, wide // 2] == RED).all(-1).sum()
    assert below == pytest.approx(wide * height / width, abs=2.5)


def test_the_text_stands_left_and_right_above_the_picture() -> None:
    red = picture(40, 60)
    blank, left, right = (Captions(red, 240).frame(red, text) for text in (("", ""), ("xx", ""), ("", "xx")))
    for text, half in ((left, slice(0, 120)), (right, slice(120, 240))):
        changed = np.argwhere((text != blank).any(-1))
        assert len(changed) > 10
        assert ((changed[:, 1] >= half.start) & (changed[:, 1] < half.stop)).all()
        assert changed[:, 0].max() < blank.shape[0] - 160  # the picture itself is untouched


def test_frames_of_a_sheet_are_set_apart() -> None:
    """Frames are 120 pixels wide, and 16 pixels lie between two of them."""
    white = np.full((40, 60, 3), 255, dtype=np.uint8)
    bars = Captions(white, 120)
    sheet = contact_sheet(bars.frame(white, ("", "")) for _ in range(2))
    assert (sheet[-40, [8, 127, 144, 263]] < 255).all()
    assert (sheet[-40, 128:144] == 255).all()


def test_a_picture_that_was_scaled_down_before_gives_the_same_frame() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (401, 600, 3), dtype=np.uint8)
    small = scaled(noise, 240)
    assert small.shape == (160, 240, 3)
    captions = ("a", "b")
    assert np.array_equal(Captions(small, 240).frame(small, captions), Captions(noise, 240).frame(noise, captions))
    assert scaled(small, 480).shape == small.shape
