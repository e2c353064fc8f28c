from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from marl.pictures.captions import captioned
from marl.pictures.episode import contact_sheet, draw

RED = (200, 10, 20)


def pictures(height: int, width: int, number: int = 2) -> list[NDArray[np.uint8]]:
    return [np.broadcast_to(np.array(RED, dtype=np.uint8), (height, width, 3)).copy() for _ in range(number)]


@pytest.mark.parametrize(("height", "width"), [(400, 600), (500, 500), (33, 47), (210, 160)])
@pytest.mark.parametrize("wide", [480, 240, 120])
def test_frames_are_even_and_keep_the_shape_of_the_picture(height: int, width: int, wide: int) -> None:
    frames = captioned(pictures(height, width), [("a", "b")] * 2, wide)
    assert frames.dtype == np.uint8
    assert (len(frames), frames.shape[2], frames.shape[3]) == (2, wide, 3)
    assert frames.shape[1] % 2 == 0
    below = (frames[0, :, wide // 2] == RED).all(-1).sum()
    assert below == pytest.approx(wide * height / width, abs=2.5)


def test_the_text_stands_left_and_right_above_the_picture() -> None:
    blank, left, right = (captioned(pictures(40, 60, 1), [text], 240)[0] for text in (("", ""), ("xx", ""), ("", "xx")))
    for text, half in ((left, slice(0, 120)), (right, slice(120, 240))):
        changed = np.argwhere((text != blank).any(-1))
        assert len(changed) > 10
        assert ((changed[:, 1] >= half.start) & (changed[:, 1] < half.stop)).all()
        assert changed[:, 0].max() < blank.shape[0] - 160  # the picture itself is untouched


def test_frames_of_a_strip_are_set_apart() -> None:
    white = [np.full((40, 60, 3), 255, dtype=np.uint8)] * 3
    strip = contact_sheet(captioned(white, [("", "")] * 3, 120), 3)
    assert (strip[-30, [119, 120, 239, 240]] < 255).all()


def test_only_the_moments_that_are_asked_for_are_drawn_with_their_own_captions() -> None:
    scenes = pictures(40, 60, 9)
    every = draw(scenes, [0.25 * i for i in range(9)], "return", width=240)
    some = draw(scenes, [0.25 * i for i in range(9)], "return", width=240, only=[0, 3, 8])
    assert np.array_equal(some, every[[0, 3, 8]])
    assert not np.array_equal(every[0], every[3])
