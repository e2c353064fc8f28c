"""Answers of a Gymnasium environment to a reset or a step, checked before a vectoriser gathers them.

What Gymnasium's own `make` bears is borne: lists and plain numbers as observations, other numeric types, one number in
an array. What no vectoriser can gather is refused in words that follow the name of the environment.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__all__ = ["AnswerError", "Answers", "check_finite", "conformed", "number"]

KEPT = ("action_mask",)
"""Keys of the infos that are used; the rest may be anything, and is dropped."""
FEW = 16
"""Numbers that are looked at faster one by one than by NumPy."""
NUMBERS = "biuf"
"""NumPy's kinds of truth values, whole numbers and floats."""


class AnswerError(ValueError):
    """Answer that no vectoriser can gather; the message follows the name of the environment."""


class Answers:
    """Check of one environment's answers.

    Args:
        space: what it observes.

    Raises:
        AnswerError: by all methods, saying what was given, and what Gymnasium has.
    """

    def __init__(self, space: spaces.Space[Any]) -> None:
        self._space, self._shape, self._dtype = space, space.shape, space.dtype
        box = isinstance(space, spaces.Box) and space.dtype.kind == "f"
        self._few = box and len(space.shape or ()) == 1 and np.prod(space.shape or ()) <= FEW  # else lists of lists
        self._whole = isinstance(space, spaces.Discrete)

    def reset(self, given: Any) -> tuple[Any, dict[str, Any]]:
        """Observation and info."""
        if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], dict):
            raise AnswerError(f"gave {_described(given)}; Gymnasium's reset gives an observation and a dict, the info")
        seen, info = given
        plain = self._few and type(seen) is np.ndarray and seen.dtype is self._dtype and seen.shape == self._shape
        return seen if plain and isfinite(sum(seen.tolist())) else conformed(self._space, seen), _kept(
            info
        ) if info else {}

    def step(self, given: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Observation, reward, terminated, truncated and info."""
        if type(given) is tuple and len(given) == 5:  # the usual answer, which is looked at in a microsecond
            seen, reward, terminated, truncated, info = given
            if type(reward) is float and type(terminated) is bool and type(truncated) is bool:
                if self._few and type(seen) is np.ndarray and seen.dtype is self._dtype and seen.shape == self._shape:
                    usual = isfinite(sum(seen.tolist(), reward))
                else:
                    usual = self._whole and type(seen) is int and isfinite(reward)
                if usual:
                    return given if info == {} else (seen, reward, terminated, truncated, _kept(info))
        return self._unusual(given)

    def _unusual(self, given: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if not isinstance(given, tuple | list) or len(given) != 5:
            raise AnswerError(
                f"gave {_described(given)}; Gymnasium's step gives 5: observation, reward, terminated, truncated, info"
            )
        seen, reward, terminated, truncated, info = given
        ends = _truth("terminated", terminated), _truth("truncated", truncated)
        return conformed(self._space, seen), number(reward), *ends, _kept(info)


def conformed(space: spaces.Space[Any], given: Any) -> Any:
    """Observation in the form of its space."""
    if isinstance(space, spaces.Tuple):
        if not isinstance(given, tuple | list) or len(given) != len(space.spaces):
            raise _unfit(given, space)
        return tuple(conformed(part, value) for part, value in zip(space.spaces, given, strict=True))
    if isinstance(space, spaces.Dict):
        if not isinstance(given, dict) or not space.spaces.keys() <= given.keys():
            raise _unfit(given, space)
        return {name: conformed(part, given[name]) for name, part in space.spaces.items()}
    if not isinstance(space, spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary):
        return given
    try:
        array = np.asarray(given)
    except ValueError:  # rows of several lengths
        raise _unfit(given, space) from None
    shape = space.shape or ()
    if array.dtype.kind not in NUMBERS or (array.shape != shape and not array.size == np.prod(shape) == 1):
        raise _unfit(array if array.dtype.kind in NUMBERS else given, space)
    array = array.reshape(shape)
    fitted = array
    if array.dtype != space.dtype:
        with np.errstate(over="ignore", invalid="ignore"):
            fitted = array.astype(space.dtype)
    if fitted.dtype.kind == "f":
        check_finite(fitted)
    elif fitted is not array and not (fitted == array).all():
        raise _unfit(array, space)
    return fitted


def check_finite(seen: NDArray[Any], agent: Any = None) -> None:
    """Check that an observation is finite.

    Raises:
        AnswerError: naming the first number that is not, and the agent that sees it if it is given.
    """
    if not np.isfinite(seen).all():
        raise AnswerError(f"gave {_to(agent)}an observation with {seen[~np.isfinite(seen)][0]}, which is not finite")


def _to(agent: Any) -> str:
    return "" if agent is None else f"agent {agent} "


def _unfit(given: Any, space: spaces.Space[Any]) -> AnswerError:
    return AnswerError(f"observed {_described(given)}, which its observation_space {space} cannot hold")


def number(reward: Any, agent: Any = None) -> float:
    """Reward as a finite number.

    Raises:
        AnswerError: if it is none, naming the agent that gets it if it is given.
    """
    try:
        array = np.asarray(reward, np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if reward is None or array.size != 1:
        raise AnswerError(f"gave {_to(agent)}{_described(reward)} as reward; a reward is one number")
    if not np.isfinite(array).all():
        raise AnswerError(f"gave {_to(agent)}a reward of {array.item()}, which is not finite")
    return float(array.item())


def _truth(name: str, given: Any) -> bool:
    try:
        return bool(given)
    except ValueError:
        raise AnswerError(f"gave {_described(given)} as {name}; Gymnasium has True or False") from None


def _kept(info: Any) -> dict[str, Any]:
    return {key: info[key] for key in KEPT if key in info} if isinstance(info, dict) else {}


def _described(given: Any) -> str:
    """Kind of what was given, and its size, or its value where it is a number."""
    if isinstance(given, np.ndarray) and given.size > 1:
        return f"an array of {given.dtype} and shape {list(given.shape)}"
    if isinstance(given, tuple | list):
        return f"{len(given)} values"
    return f"{given}" if isinstance(given, int | float | np.ndarray | np.generic) else f"a {type(given).__name__}"
