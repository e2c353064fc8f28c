from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marl.core.errors import PictureError
from marl.pictures.given import check_picture

BYTES = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


@pytest.mark.parametrize(
    ("given", "pixel"),
    [
        (np.ones((6, 8, 3)) * (1.0, 0.5, 0.2), (255, 127, 51)),
        (np.ones((6, 8, 3), np.float32) * np.float32(0.5), (127, 127, 127)),
        (np.ones((6, 8, 3)) * (200.0, 0.5, 300.0), (200, 0, 255)),
        (np.ones((6, 8, 3), np.int64) * (1, 0, -4), (1, 0, 0)),
        (np.ones((6, 8, 3), bool), (255, 255, 255)),
        (np.ones((6, 8, 4)) * (0.2, 0.4, 1.0, 0.5), (51, 102, 255)),
    ],
)
def test_numbers_of_any_kind_become_bytes(given: Any, pixel: tuple[int, ...]) -> None:
    picture = check_picture(given, "x")
    assert (picture.dtype, picture.shape) == (np.uint8, (6, 8, 3))
    assert (picture == pixel).all()


def test_bytes_stay_as_they_are_in_memory_of_their_own() -> None:
    """An environment may draw in the same array again."""
    given = BYTES.copy()
    picture = check_picture(given, "x")
    given[:] = 0
    np.testing.assert_array_equal(picture, BYTES)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, r"Task-v0 draws None; a picture is an array \[H, W, 3\], of numbers from 0 to 255, or from 0 to 1 in"),
        ("a line", "draws 'a line'; a picture is"),
        ([], r"draws \[\]; a picture is"),
        (np.zeros((3, 60, 80)), r"draws an array of shape \(3, 60, 80\); a picture is"),
        (np.zeros((60, 80)), r"draws an array of shape \(60, 80\)"),
        (np.zeros((0, 80, 3)), r"draws array\(\[\]"),
        (np.full((6, 8, 3), np.nan), "draws float64 with nan"),
        (np.full((6, 8, 3), "x"), "draws <U1 with x"),
        (PictureError("it failed"), "^it failed$"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_it_is(given: Any, words: str) -> None:
    with pytest.raises(PictureError, match=words):
        check_picture(given, "Task-v0")
