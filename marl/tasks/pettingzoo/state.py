"""PettingZoo's ``state()``, which a centralised critic may see."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from marl.tasks.answers import AnswerError
from marl.tasks.generators import Draws, OwnGenerators
from marl.tasks.images import Channels, ImageSpace
from marl.tasks.pettingzoo.drivers import driver_of

__all__ = ["StateView", "given_state"]

WITHOUT = "leave env.state out: a centralised critic then sees what all agents see"


def given_state(env: Any) -> Any:
    """An environment's ``state()``; None for one that has none."""
    ask = getattr(env, "state", None)
    if ask is None:
        return None
    try:
        return ask()
    except NotImplementedError:  # PettingZoo's own, for those that define none
        return None


class StateView:
    """An environment's ``state()`` as numbers ``[D]``, or as an image ``[C, H, W]`` if it has three axes.

    Args:
        env: one environment, which is reset: few declare a ``state_space``, and not all keep to it.
        channels: see `ImageSpace`.

    Raises:
        ValueError: if it has no ``state()``, or one that fails or gives no numbers.
    """

    def __init__(self, env: Any, channels: Channels | None = None) -> None:
        OwnGenerators(Draws())(driver_of(env).reset, 0)
        try:
            given = given_state(env)
        except Exception as error:  # whatever it does then
            raise ValueError(f"its state() fails ({type(error).__name__}: {error}); {WITHOUT}") from error
        if given is None:
            raise ValueError(f"env.state is true, but it has no state(); {WITHOUT}")
        state = np.asarray(given)
        if state.dtype.kind not in "biuf" or not state.size:
            raise ValueError(f"its state() gives {state.dtype} of shape {list(state.shape)}, no numbers; {WITHOUT}")
        self._shape, self._image = state.shape, None
        self.shape: tuple[int, ...] = (state.size,)
        """Shape as critics see it."""
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        """Data type in which it is kept."""
        if state.ndim == 3:
            self._image = ImageSpace([spaces.Box(0, 1, state.shape, state.dtype.type)], channels)
            self.shape, self.dtype = self._image.shape, self._image.dtype

    def read(self, env: Any) -> NDArray[Any]:
        """The present state.

        Raises:
            AnswerError: for one of another shape.
        """
        state = np.asarray(env.state())
        if state.shape != self._shape:
            raise AnswerError(f"gave a state() of shape {list(state.shape)}, and before of {list(self._shape)}")
        return state.reshape(-1) if self._image is None else self._image.images([state], 0)
