"""Pictures as environments give them."""

from __future__ import annotations

from typing import Any

import numpy as np

from marl.core.errors import PictureError
from marl.core.scene import Picture

__all__ = ["check_picture"]

WANTED = "a picture is an array [H, W, 3], of numbers from 0 to 255, or from 0 to 1 in floating point"


def check_picture(given: Any, source: str) -> Picture:
    """Convert what an environment drew to a picture of its own memory.

    Args:
        given: an array ``[H, W, 3]``, or ``[H, W, 4]`` with an alpha channel, which is left out. In floating point it
            is scaled from [0, 1] to [0, 255], unless there is a number above 1. Or the error why there is none.
        source: name of the environment, for errors.

    Raises:
        PictureError: if it is none.
    """
    if isinstance(given, PictureError):
        raise given
    array: Any = np.asarray(given) if hasattr(given, "__array__") else np.empty(0)
    if array.ndim != 3 or array.shape[-1] not in (3, 4) or not array.size:
        found = f"an array of shape {array.shape}" if array.size else f"{given!r:.80}"
        raise PictureError(f"{source} draws {found}; {WANTED}")
    if array.dtype == np.uint8:
        return array[..., :3].copy()
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise PictureError(f"{source} draws {array.dtype} with {array.flat[0]}; {WANTED}")
    scale = 255 if array.dtype.kind in "bf" and array.max() <= 1 else 1
    return (array[..., :3] * scale).clip(0, 255).astype(np.uint8)
