"""Masks of legal actions that a dictionary of observations holds, as environments made for RLlib have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from marl.tasks.answers import AnswerError

__all__ = ["MASK", "MaskInInfo", "beside_mask"]

MASK = "action_mask"


def beside_mask(space: spaces.Space[Any]) -> spaces.Space[Any] | None:
    """Space of what is observed beside a mask: the only other part if it is ``"observation"``, else a Dict of the rest.

    None if there is no mask in it.
    """
    if not isinstance(space, spaces.Dict) or MASK not in space.spaces:
        return None
    rest = {name: part for name, part in space.spaces.items() if name != MASK}
    return rest["observation"] if list(rest) == ["observation"] else spaces.Dict(rest)


class MaskInInfo(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Gymnasium environment whose masks are in the infos, and no longer in what it observes.

    Args:
        env: observes a Dict with an ``"action_mask"``.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        rest = beside_mask(env.observation_space)
        assert rest is not None and isinstance(env.observation_space, spaces.Dict)
        self.observation_space = rest
        self._alone = rest is env.observation_space.spaces.get("observation")

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        """Begin an episode."""
        seen, info = self.env.reset(seed=seed, options=options)
        return self._moved(seen, info)

    def step(self, action: Any) -> Any:
        """Take a step."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        seen, info = self._moved(seen, info)
        return seen, reward, terminated, truncated, info

    def _moved(self, seen: Any, info: Any) -> tuple[Any, Any]:
        """Observation without its mask, and infos with it.

        Raises:
            AnswerError: if there is no mask, or another one in the infos.
        """
        if not isinstance(seen, Mapping) or MASK not in seen:
            raise AnswerError(f"observed no {MASK!r}, which is in its observation_space")
        mask, info = np.asarray(seen[MASK]), info or {}
        if MASK in info and not np.array_equal(np.asarray(info[MASK], bool), mask.astype(bool)):
            raise AnswerError(f"gave an {MASK} in its observation and another in its info")
        return seen["observation"] if self._alone else seen, {**info, MASK: mask}
