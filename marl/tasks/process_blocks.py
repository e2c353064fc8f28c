"""Blocks in processes of their own, stepped together by Gymnasium, with shared memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import CloudpickleWrapper
from numpy.typing import NDArray

from marl.core.errors import EnvironmentFailedError
from marl.core.limits import MOST_JOBS
from marl.core.trust import TRUST
from marl.tasks.blocks import Block, Flags, Moved, Seen
from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.guard import Guard
from marl.tasks.processes import Processes

__all__ = ["ProcessBlocks"]


class BlockEnv(gymnasium.Env[Any, Any]):
    """A block as one Gymnasium environment, which observes all that the copies tell.

    The observation is one record of named arrays, as bytes: spaces with bounds would take several times its memory.

    Args:
        layout: the record.
        make: makes the block of some copies.
        copies: their numbers.
    """

    def __init__(self, layout: np.dtype[Any], make: Callable[[range], Block], copies: range) -> None:
        self.layout, self.make, self.copies, self.trust = layout, make, copies, TRUST.get()
        self.observation_space: spaces.Space[Any] = spaces.MultiBinary(layout.itemsize)
        self.action_space = spaces.Discrete(1)  # actions go through as they are
        self.block: Block | None = None

    def begin(self) -> None:
        """Make the copies."""
        TRUST.set(self.trust)
        self.block = self.make(self.copies)
        self.record = np.zeros(1, self.layout)
        for name in self.layout.names or ():
            self.record[name] = name.startswith("masks.")

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode in every copy, or in those that ``options`` name, ``[B]``."""
        assert self.block is not None
        if options is None:
            self.block.reset(seed)
        elif (mine := options["copies"][self.copies.start : self.copies.stop]).any():
            self.block.restart(mine)
        return self._told(_arrays(self.block.seen)), {"rest": (self.block.masked, None, {})}

    def step(self, action: Mapping[str, NDArray[Any]]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.block is not None
        moved = self.block.step(action)
        told = {"reward": moved.reward, "terminated": moved.terminated, "truncated": moved.truncated}
        differs = None if moved.seen is moved.successor else moved.seen
        rest = self.block.masked, differs, moved.measured
        return self._told(_arrays(moved.successor) | told), 0.0, False, False, {"rest": rest}

    def scene(self, copy: int, at_end: bool) -> Any:
        """Scene of a copy; None for one of another block."""
        assert self.block is not None
        return self.block.scene(copy - self.copies.start, at_end) if copy in self.copies else None

    def close(self) -> None:
        """Close the copies; one that fails in it stops nothing."""
        with suppress(EnvironmentFailedError):
            if self.block is not None:
                self.block.close()

    def _told(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int8]:
        for name, array in arrays.items():
            self.record[name][0, : len(array)] = array
        return self.record.view(np.int8)


class ProcessBlocks:
    """Copies in processes of their own, of which each has a block. A `Block`.

    Args:
        name: of the environment.
        make: makes the block of the copies of some numbers.
        blank: makes the perceptions of nobody in a number of copies, with masks.
        num_copies: ``B``.
        processes: number of processes; there are no more than copies.
        step_timeout: seconds that a process may take for a step of its copies, or a reset, before it counts as hanging;
            None for any time.

    Raises:
        ValueError: for too many processes, or an environment that cannot be sent to one.
        EnvironmentFailedError: if a process dies.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[range], Block],
        blank: Callable[[int], Seen],
        num_copies: int,
        processes: int,
        step_timeout: float | None,
    ) -> None:
        if processes > MOST_JOBS:
            raise ValueError(f"processes is {processes:,}; give at most {MOST_JOBS:,}")
        rows = -(-num_copies // processes)
        self._shares = [range(i, min(i + rows, num_copies)) for i in range(0, num_copies, rows)]
        layout = _layout(blank(1), rows)
        envs = [BlockEnv(layout, make, share) for share in self._shares]
        _check_sendable(name, processes, envs[0])
        self.masked, self.seen, self.guards = False, blank(num_copies), [Guard(name)]
        self._blocks = Processes(name, envs, self._shares, step_timeout)
        self._records = self._blocks.observations.view(layout)[:, 0]

    def reset(self, seeds: Sequence[EpisodeSeeds] | None = None) -> Seen:
        """Begin the next episode in every copy; see `Block`."""
        given = None if seeds is None else [seeds[share.start : share.stop] for share in self._shares]
        self.seen = self._take(self.guards[0](self._blocks.reset, seed=given)[1])
        return self.seen

    def restart(self, copies: Flags) -> Seen:
        """Begin the next episode in some copies; see `Block`."""
        self.seen = self._take(self.guards[0](self._blocks.reset, options={"copies": copies})[1])
        return self.seen

    def step(self, actions: Mapping[str, NDArray[Any]]) -> Moved:
        """Step every copy; see `Block`."""
        given = [{kind: chosen[share.start : share.stop] for kind, chosen in actions.items()} for share in self._shares]
        *_, infos = self.guards[0](self._blocks.step, given)
        successor = self.seen = self._take(infos)
        measured: dict[str, NDArray[np.float32]] = {}
        for share, (_, differs, numbers) in zip(self._shares, infos["rest"], strict=True):
            if differs is not None:
                self.seen = self.seen.copy() if self.seen is successor else self.seen
                _put(_arrays(self.seen), share, _arrays(differs))
            for name in numbers.keys() - measured.keys():
                measured[name] = np.zeros(successor.alive.shape, np.float32)
            _put(measured, share, numbers)
        reward, terminated, truncated = map(self._column, ("reward", "terminated", "truncated"))
        return Moved(successor, self.seen, reward, terminated, truncated, measured)

    def scene(self, copy: int, at_end: bool) -> Any:
        """Scene of one copy; see `Block`."""
        scenes = self.guards[0](self._blocks.call, "scene", copy, at_end)
        return next(scene for scene, share in zip(scenes, self._shares, strict=True) if copy in share)

    def close(self) -> None:
        """Close every copy and end the processes."""
        self.guards[0](self._blocks.close)

    def _take(self, infos: Mapping[str, Any]) -> Seen:
        """Perceptions of all copies, in memory of their own."""
        self.masked = any(masked for masked, *_ in infos["rest"])
        parts: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in ("features", "masks", "fields", "images")}
        for key in self._records.dtype.names or ():
            part, _, name = key.partition(".")
            if name and (self.masked or part != "masks"):
                array = self._column(key)
                parts[part][name] = np.moveaxis(array, -1, -3) if part == "images" else array
        state = self._column("state") if "state" in (self._records.dtype.names or ()) else None
        return Seen(**parts, alive=self._column("alive"), acting=self._column("acting"), state=state)

    def _column(self, name: str) -> NDArray[Any]:
        """One array of the records of all blocks, ``[B, ...]``."""
        return np.concatenate(self._records[name])[: self._shares[-1].stop]


def _arrays(seen: Seen) -> dict[str, NDArray[Any]]:
    """Perceptions by name; of images the channels are last, as they are in memory."""
    images = {name: np.moveaxis(array, -3, -1) for name, array in seen.images.items()}
    parts = {"features": seen.features, "masks": seen.masks, "fields": seen.fields, "images": images}
    named = {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
    state = {} if seen.state is None else {"state": seen.state}
    return named | state | {"alive": seen.alive, "acting": seen.acting}


def _layout(one: Seen, rows: int) -> np.dtype[Any]:
    """Record of what ``rows`` copies tell, from the perceptions of one."""
    arrays = _arrays(one) | {"reward": one.alive.astype(np.float64), "terminated": one.alive, "truncated": one.alive}
    fields = [(name, array.dtype, (rows, *array.shape[1:])) for name, array in arrays.items()]
    return np.dtype(fields, align=True)


def _put(whole: Mapping[str, NDArray[Any]], copies: range, part: Mapping[str, NDArray[Any]]) -> None:
    for name, array in part.items():
        whole[name][copies.start : copies.stop] = array


def _check_sendable(name: str, processes: int, env: BlockEnv) -> None:
    try:
        pickle.dumps(CloudpickleWrapper(env.begin))
    except Exception as error:  # whatever its parts do then
        raise ValueError(
            f"processes is {processes}, but {name} cannot be sent to another process "
            f"({type(error).__name__}: {error}); set processes to 1 and leave step_timeout out, or give arguments that "
            "can be pickled"
        ) from error
