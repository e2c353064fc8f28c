"""Spaces of Gymnasium and PettingZoo as features and actions.

``*`` stands for leading axes: ``[B]`` where copies are taken together, none where one is.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from marl.core.roster import ActionSpec, AgentClass, ImageSpec
from marl.tasks.images import KEPT, Channels, ImageSpace, alike, is_image

__all__ = ["MOST_ACTIONS", "ActionSpace", "ObservationSpace", "agent_class"]

Space: TypeAlias = spaces.Space[Any]

MOST_ACTIONS = 16_384
"""Combinations of whole numbers that are told apart as actions; chess has 4,672."""
MOST_WHOLE = 2**53
"""Whole numbers to which a float64 is exact."""


class ObservationSpace:
    """Features and images of what a space holds: Box, Discrete, MultiDiscrete, MultiBinary, or Tuple or Dict of these.

    Without a Box in it, features are whole numbers, each counted from 0, and `categories` says how many values each
    has. Else they are measurements, with one number for each value of a whole number, 1 for the present one. A Box of
    whole numbers keeps its data type if it is smaller than float32. Boxes of three or four axes are no features but
    images, one for those that are `alike`.

    Args:
        space: the space.
        who: who observes, for errors.
        channels: see `ImageSpace`.

    Raises:
        ValueError: for another space; by `features`, naming a number that is not in the space; by `copies`.
    """

    def __init__(self, space: Space, who: str, channels: Channels | None = None) -> None:
        self.space, self._leaves = space, list(_leaves(space, who))
        self._whole = [(np.array(_sizes(leaf)), _start(leaf)) for leaf in self._leaves]  # of a Box nothing
        unknown = next((leaf for leaf in self._leaves if not isinstance(leaf, spaces.Box) and not _sizes(leaf)), None)
        if unknown is not None or not self._leaves:
            raise ValueError(
                f"{who} observes {unknown or space}; supported are Box, Discrete, MultiDiscrete, MultiBinary, and "
                "Tuple and Dict of these: wrap it in one that gives them"
            )
        sizes = tuple(size for leaf in self._leaves for size in _sizes(leaf))
        self._seen = [is_image(leaf) for leaf in self._leaves]
        seen = [leaf for leaf in self._leaves if isinstance(leaf, spaces.Box) and is_image(leaf)]
        self._alike = alike(seen, channels)
        self.image_spaces = tuple(ImageSpace([seen[place] for place in group], channels) for group in self._alike)
        boxes = [leaf for leaf in self._leaves if isinstance(leaf, spaces.Box) and not is_image(leaf)]
        self.categories = () if boxes else sizes
        self.size = len(sizes) if not boxes else sum(math.prod(box.shape) for box in boxes) + sum(sizes)
        kinds = {box.dtype for box in boxes}
        small = self._seen.count(False) == 1 and all(kind in KEPT for kind in kinds)
        self.dtype = np.dtype(np.int32) if sizes and not boxes else kinds.pop() if small else np.dtype(np.float32)

    def features(self, value: Any, *leading: int) -> NDArray[Any]:
        """Features ``[*, D]`` of observations, in memory of their own."""
        values = _values(self.space, value)
        parts = [self._part(i, x, leading) for i, x in enumerate(values) if not self._seen[i]]
        if not parts:
            return np.zeros((*leading, 0), self.dtype)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, -1)

    def images(self, value: Any, *leading: int) -> tuple[NDArray[Any], ...]:
        """Images ``[*, C, H, W]`` of observations, which may share their memory, one of each of the `image_spaces`."""
        seen = [x for x, is_seen in zip(_values(self.space, value), self._seen, strict=True) if is_seen]
        groups = zip(self.image_spaces, self._alike, strict=True)
        return tuple(space.images([seen[place] for place in group], len(leading)) for space, group in groups)

    def copies(self, value: Any) -> int | None:
        """Number of observations in a batch, as Gymnasium's vector environments give it; None for one observation.

        Raises:
            ValueError: for what is neither of them.
        """
        try:
            parts = [np.asarray(part) for part in _values(self.space, value)]
            (leading,) = {_leading(leaf, part) for leaf, part in zip(self._leaves, parts, strict=True)}
        except (IndexError, KeyError, TypeError, ValueError):
            raise ValueError(f"{_shown(value)} is neither an observation in {self.space} nor a batch of them") from None
        return leading[0] if leading else None

    def _part(self, i: int, value: Any, leading: tuple[int, ...]) -> NDArray[Any]:
        """Features of the ``i``-th of the spaces inside."""
        rows, leaf = np.asarray(value).reshape(*leading, -1), self._leaves[i]
        if isinstance(leaf, spaces.Box):
            return rows.astype(self.dtype)
        sizes, start = self._whole[i]
        digits = rows - start
        outside = (digits < 0) | (digits >= sizes)
        if outside.any():
            where = np.argwhere(outside)[0]
            copy = f"copy {where[0]} " if leading else ""
            raise ValueError(f"{copy}observes {rows[tuple(where)]}, which is not in {leaf}")
        if self.categories:
            return digits.astype(self.dtype)
        codes = np.zeros((*leading, sizes.sum()), self.dtype)
        np.put_along_axis(codes, digits.astype(np.int64) + (sizes.cumsum() - sizes), 1, -1)
        return codes


class ActionSpace:
    """Actions in a space, from those of the policy.

    Whole numbers, which are Discrete, MultiDiscrete, MultiBinary, and Tuples and Dicts of these, are one discrete
    action: each combination is one, the last number changing first. Boxes are continuous actions: -1 stands
    for the lower bound of a component and 1 for the upper, and what is beyond is cut. In a Box of whole
    numbers each of them has an equal part of that range.

    Args:
        space: the space.
        who: who acts, for errors.

    Raises:
        ValueError: for another space, one without a choice, one without bounds, or too many combinations.
    """

    def __init__(self, space: Space, who: str) -> None:
        self.space, leaves = space, list(_leaves(space, who))
        self._sizes = tuple(size for leaf in leaves for size in _sizes(leaf))
        if leaves and all(_sizes(leaf) for leaf in leaves):
            number = math.prod(self._sizes)
            if number > MOST_ACTIONS:
                raise ValueError(
                    f"{who} acts in {space}, which has {number:,} combinations; at most {MOST_ACTIONS:,} are told apart"
                )
            self.spec = ActionSpec("discrete", number)
            return
        for leaf in leaves:
            _check_box(leaf, space, who)
        size = sum(math.prod(leaf.shape or ()) for leaf in leaves)
        if not any((leaf.high > leaf.low).any() for leaf in leaves if isinstance(leaf, spaces.Box)):
            raise ValueError(f"{who} acts in {space}, which leaves nothing to choose; give a range")
        self.spec = ActionSpec("continuous", size)

    def mask(self, given: Any) -> NDArray[np.bool_]:
        """Legal actions ``[A]``.

        Args:
            given: one number for each action, or a tuple with a mask of each whole number, as `sample` of Gymnasium's
                MultiDiscrete takes them, of which all combinations are legal.

        Raises:
            ValueError: for another shape, and for continuous actions.
        """
        if isinstance(given, tuple) and [len(part) for part in given] == list(self._sizes):
            parts = np.meshgrid(*(np.asarray(part, np.bool_) for part in given), indexing="ij")
            return np.logical_and.reduce(parts).reshape(-1)
        mask = np.asarray(given) if not isinstance(given, tuple) else np.empty(0)
        if self.spec.kind == "discrete" and mask.shape == (self.spec.size,):
            return mask.astype(np.bool_)
        shown = [len(part) for part in given] if isinstance(given, tuple) else list(mask.shape)
        what = f"{self.spec.size} actions"
        if len(self._sizes) > 1:
            each = " x ".join(map(str, self._sizes))
            what += f", the combinations of {each} of which the last changes first, or a tuple of masks, one for each"
        raise ValueError(f"of shape {shown}; give one number for each of {what}")

    def actions(self, chosen: NDArray[Any]) -> Any:
        """Actions in the space.

        Args:
            chosen: ``[*]`` of whole numbers, or ``[*, A]``.
        """
        if isinstance(self.space, spaces.Discrete):
            return chosen + self.space.start
        whole = self.spec.kind == "discrete"
        columns = np.stack(np.unravel_index(chosen, self._sizes), -1) if whole else chosen
        return self._fill(self.space, columns)[0]

    def _fill(self, space: Space, columns: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Value of a space from the first of the columns ``[*, K]``, and the columns that are left."""
        if isinstance(space, spaces.Tuple | spaces.Dict):
            parts = dict(enumerate(space.spaces)) if isinstance(space, spaces.Tuple) else space.spaces
            filled = {}
            for name, part in parts.items():
                filled[name], columns = self._fill(part, columns)
            return (tuple(filled.values()) if isinstance(space, spaces.Tuple) else filled), columns
        taken = math.prod(space.shape or ())
        mine, shape = columns[..., :taken], (*columns.shape[:-1], *(space.shape or ()))
        value = _scaled(space, mine.reshape(shape)) if isinstance(space, spaces.Box) else _whole(space, mine, shape)
        return value, columns[..., taken:]


def agent_class(name: str, seen: ObservationSpace, acted: ActionSpace) -> AgentClass:
    """Class of agents with these spaces."""
    images = tuple(ImageSpec(image.shape, str(image.dtype)) for image in seen.image_spaces)
    return AgentClass(name, seen.size, acted.spec, seen.categories, str(seen.dtype), images)


def _leaves(space: Space, who: str) -> Iterator[Space]:
    """Spaces inside Tuples and Dicts, in their order.

    Raises:
        ValueError: for what is no space of Gymnasium, as those of Gym.
    """
    if not isinstance(space, spaces.Space):
        kind = type(space)
        raise ValueError(
            f"{who} has {space} as a space, a {kind.__module__}.{kind.__qualname__}; take a version of the environment "
            "that was written for Gymnasium, whose spaces are known"
        )
    if isinstance(space, spaces.Tuple | spaces.Dict):
        for part in space.spaces if isinstance(space, spaces.Tuple) else space.spaces.values():
            yield from _leaves(part, who)
    else:
        yield space


def _values(space: Space, value: Any) -> Iterator[Any]:
    """Values of `_leaves`."""
    if isinstance(space, spaces.Tuple):
        for part, inner in zip(space.spaces, value, strict=True):
            yield from _values(part, inner)
    elif isinstance(space, spaces.Dict):
        for name, part in space.spaces.items():
            yield from _values(part, value[name])
    else:
        yield value


def _leading(leaf: Space, value: NDArray[Any]) -> tuple[int, ...]:
    """Axes before those of one value: none, or that of a batch."""
    shape, kinds = leaf.shape or (), "biuf" if isinstance(leaf, spaces.Box) else "biu"
    leading = value.shape[: value.ndim - len(shape)]
    if value.dtype.kind not in kinds or value.shape != (*leading, *shape) or len(leading) > 1:
        raise ValueError(f"{value} is not in {leaf}")
    return leading


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a dictionary of {', '.join(map(repr, value)) or 'nothing'}"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape} and type {value.dtype}"
    return f"{type(value).__name__} {reprlib.repr(value)}"


def _sizes(leaf: Space) -> tuple[int, ...]:
    """Number of values of each whole number of a space; empty for a space of another kind."""
    if isinstance(leaf, spaces.Discrete):
        return (int(leaf.n),)
    if isinstance(leaf, spaces.MultiDiscrete):
        return tuple(leaf.nvec.flatten().tolist())
    return (2,) * math.prod(leaf.shape) if isinstance(leaf, spaces.MultiBinary) else ()


def _start(leaf: Space) -> Any:
    """The lowest of each whole number."""
    if isinstance(leaf, spaces.Discrete):
        return leaf.start
    return leaf.start.flatten() if isinstance(leaf, spaces.MultiDiscrete) else 0


def _whole(leaf: Space, digits: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    return (digits + _start(leaf)).reshape(shape).astype(leaf.dtype)


def _scaled(box: spaces.Box, chosen: NDArray[Any]) -> NDArray[Any]:
    share = (chosen.clip(-1, 1) + 1) / 2
    if np.issubdtype(box.dtype, np.floating):
        # not low + share * (high - low), which overflows at the largest bounds
        return (box.low * (1 - share) + box.high * share).astype(box.dtype)
    low, high = box.low.astype(np.float64), box.high.astype(np.float64)
    return np.minimum(np.floor(low + share * (high - low + 1)), high).astype(box.dtype)


def _check_box(leaf: Space, space: Space, who: str) -> None:
    if not isinstance(leaf, spaces.Box):
        raise ValueError(
            f"{who} acts in {space}; supported are Discrete, MultiDiscrete, MultiBinary, or a Box with bounds, and a "
            "Tuple or Dict of one of these two kinds"
        )
    if not leaf.is_bounded():
        raise ValueError(f"{who} acts in {leaf}, which has no bounds; give it a finite range")
    if not np.issubdtype(leaf.dtype, np.floating) and max(abs(int(leaf.low.min())), int(leaf.high.max())) > MOST_WHOLE:
        raise ValueError(f"{who} acts in {leaf}; whole numbers may be as large as {MOST_WHOLE:,}")
