"""Any Gymnasium environment as an `Environment` of teams of one: many copies, vectorised by Gymnasium."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.errors import EnvironmentFailedError, Note, UndrawableError
from marl.core.limits import MOST_JOBS
from marl.core.records import Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.scene import Picture
from marl.core.trust import import_named
from marl.pictures.given import check_picture
from marl.tasks.guard import Guard, GuardedEnv, Watch
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.processes import Processes

__all__ = ["GymnasiumEnvironment"]

SDL_DRIVER = "SDL_VIDEODRIVER"
FRAMES_PER_SECOND = 30.0
"""Frames per second of an environment that does not state them."""


class GymnasiumEnvironment:
    """``B`` copies of a Gymnasium environment as teams of one. An `Environment`.

    Observations are a Box, which is flattened, or Discrete, which becomes one number for each value, 1 for the
    present one. Actions are Discrete, or a bounded Box, which is flattened; where its components differ
    in their bounds, actions are scaled to each from [-1, 1]. An episode's last observation
    is kept apart from the first of the next (``next_observation`` and ``observation`` of `Step`).

    Copy ``i`` begins with seed ``seed * B + i``. A state cannot be stored.

    Args:
        name: name in Gymnasium's registry; ``MODULE:NAME`` imports the module first, if it is trusted.
        num_copies: ``B``.
        arguments: keyword arguments of the environment.
        max_episode_steps: limit of an episode; None for the registered one.
        vectorization: ``"sync"`` for all copies in this process, ``"async"`` for one process each.
        scripted: reference policies by name.
        device: device of the tensors.
        step_timeout: seconds that a reset or a step may take in a process of its own; None for any time.

    Raises:
        ValueError: for no copies, an environment that Gymnasium cannot make, or spaces that are not supported.
        UntrustedError: see `marl.core.trust.import_named`.
        EnvironmentFailedError: at a reset or a step, if a copy raises an error, exits, dies or hangs.
    """

    events: Mapping[str, str] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    agent_noun = "agent"

    def __init__(
        self,
        name: str,
        num_copies: int,
        arguments: Mapping[str, Any] | None = None,
        max_episode_steps: int | None = None,
        vectorization: Literal["sync", "async"] = "sync",
        scripted: Mapping[str, Rule] | None = None,
        device: torch.device | str = "cpu",
        step_timeout: float | None = None,
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        self.num_copies, self.device = num_copies, torch.device(device)
        self._scripted = dict(scripted or {})
        self._vector = _vectorise(
            name, num_copies, dict(arguments or {}), max_episode_steps, vectorization, step_timeout
        )
        self._guard = Guard(name)
        here = self._vector.envs if isinstance(self._vector, SyncVectorEnv) else []  # else only the whole is watched
        self._watch = Watch([env.guard for env in here] or [self._guard])  # type: ignore[attr-defined]
        observations, self._actions = self._vector.single_observation_space, self._vector.single_action_space
        try:
            self._numbers = _feature_size(name, observations)
            self._spec = _action_spec(name, self._actions)
        except ValueError:
            self.close()
            raise
        discrete = isinstance(observations, spaces.Discrete)
        self._codes = np.eye(self._numbers, dtype=np.float32) if discrete else None  # a row for each value
        self._first = int(observations.start) if isinstance(observations, spaces.Discrete) else 0
        self.roster = Roster((AgentClass(CLASS, self._numbers, self._spec),), (1,))
        spec = gymnasium.spec(name.rpartition(":")[2])
        self.reward_threshold: float | None = spec.reward_threshold
        self.registered_limit: int | None = spec.max_episode_steps
        self.frames_per_second = float(self._vector.metadata.get("render_fps", FRAMES_PER_SECOND))
        self._alive = torch.ones(num_copies, 1, dtype=torch.bool, device=self.device)

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy; see `Environment`."""
        rows, _ = self._guard(self._vector.reset, seed=seed * self.num_copies % 2**31)
        return self._observe(rows)

    def step(self, action: dict[str, Tensor]) -> Step:
        """Step every copy; see `Environment`."""
        packed = self._pack(action[CLASS][:, 0])
        rows, reward, terminated, truncated, infos = self._guard(self._vector.step, packed)
        observation = next_observation = self._observe(rows)
        ended = terminated | truncated
        if ended.any():
            successor = rows.copy()
            successor[ended] = np.stack(infos["final_obs"][ended])
            next_observation = self._observe(successor)
        return Step(
            next_observation=next_observation,
            observation=observation,
            reward=self._column(reward).double(),
            terminated=self._column(terminated),
            truncated=self._column(truncated),
            info={},
        )

    def state(self) -> State | None:
        """None: Gymnasium cannot store a state; see `Environment`."""
        return None

    def load_state(self, state: State) -> None:
        """Raise an error; see `Environment`.

        Raises:
            ValueError: always.
        """
        raise ValueError("a Gymnasium environment cannot load a state")

    @property
    def symmetries(self) -> None:
        """None: no symmetry is known."""
        return None

    @property
    def metrics(self) -> Mapping[str, float]:
        """No metrics: nothing changes as training goes on."""
        return {}

    def scripted(self) -> Mapping[str, Rule]:
        """Reference policies given to the constructor."""
        return self._scripted

    def scene(self, copy: int = 0, at_end: bool = False) -> Picture:
        """Picture of one copy by the environment itself, ``[H, W, 3]``; see `Environment`.

        Raises:
            UndrawableError: if the environment draws no pictures.
            PictureError: if it draws what is no picture, or fails.
        """
        if self._vector.render_mode != "rgb_array":
            raise UndrawableError("this environment draws no pictures (it has no render mode rgb_array)")
        with _no_display():
            return check_picture(self._guard(self._vector.call, "scenes", at_end)[copy], self._guard.name)

    def close(self) -> None:
        """Close every copy; one that fails in it stops nothing and is told as a note."""
        self._watch.end()
        try:
            self._guard(self._vector.close)
        except EnvironmentFailedError as error:
            warnings.warn(str(error), Note, stacklevel=2)

    def _observe(self, rows: NDArray[Any]) -> Observation:
        if self._codes is not None:
            features = self._codes[rows - self._first]
        else:
            features = rows.reshape(self.num_copies, self._numbers).astype(np.float32)  # Gymnasium reuses its array
        tensor = torch.from_numpy(features).to(self.device)
        return Observation({CLASS: tensor[:, None]}, self._alive)

    def _pack(self, chosen: Tensor) -> NDArray[Any]:
        """Convert actions ``[B]`` or ``[B, A]`` to the arrays that the copies take."""
        numbers = chosen.detach().cpu().numpy()
        if isinstance(self._actions, spaces.Discrete):
            return numbers + self._actions.start
        assert isinstance(self._actions, spaces.Box)
        clipped = numbers.clip(self._spec.low, self._spec.high).reshape(-1, *self._actions.shape)
        if not _same_bounds(self._actions):
            clipped = self._actions.low + (clipped + 1) / 2 * (self._actions.high - self._actions.low)
        return clipped.astype(self._actions.dtype)

    def _column(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values).to(self.device)[:, None]  # Gymnasium hands out copies


def _vectorise(
    name: str,
    num_copies: int,
    arguments: dict[str, Any],
    max_episode_steps: int | None,
    vectorization: str,
    step_timeout: float | None,
) -> SyncVectorEnv | Processes:
    if ":" in name:
        import_named(name)  # before Gymnasium does, which asks nobody
    if max_episode_steps is not None:
        arguments["max_episode_steps"] = max_episode_steps
    if vectorization == "async" and num_copies > MOST_JOBS:
        raise ValueError(
            f"num_copies is {num_copies:,}, and vectorization async has a process for each; give at most {MOST_JOBS:,} "
            "or sync"
        )
    mode: Any = AutoresetMode.SAME_STEP

    def make(copy: int) -> GuardedEnv:
        return GuardedEnv(gymnasium.make(name, disable_env_checker=True, **arguments), Guard(name, copy))

    makers: list[Callable[[], Any]] = [partial(make, copy) for copy in range(num_copies)]
    try:
        probe = make(0)
        if "rgb_array" in probe.metadata.get("render_modes", ()):
            arguments.setdefault("render_mode", "rgb_array")
        probe.close()
        with _no_display():  # inherited by the processes started here
            if vectorization == "sync":
                return SyncVectorEnv(makers, copy=False, autoreset_mode=mode)
            return Processes(name, makers, step_timeout, autoreset_mode=mode)
    except EnvironmentFailedError:
        raise
    except (Exception, SystemExit) as error:  # whatever a constructor does
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"Gymnasium cannot make {name} with {arguments}: {what}") from error


@contextmanager
def _no_display() -> Iterator[None]:
    """Tell SDL, with which pygame draws, that there is no display, so that it prints no warning."""
    absent = sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", SDL_DRIVER} & os.environ.keys()
    if absent:
        os.environ[SDL_DRIVER] = "dummy"
    try:
        yield
    finally:
        if absent:
            del os.environ[SDL_DRIVER]


def _feature_size(name: str, space: spaces.Space[Any]) -> int:
    if isinstance(space, spaces.Box):
        return math.prod(space.shape)
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    raise ValueError(
        f"{name} observes {space}; supported are Box and Discrete: register it "
        "wrapped, e.g. in FlattenObservation, and name it MODULE:NAME"
    )


def _action_spec(name: str, space: spaces.Space[Any]) -> ActionSpec:
    if isinstance(space, spaces.Discrete):
        return ActionSpec("discrete", int(space.n))
    if isinstance(space, spaces.Box) and space.is_bounded():
        size = math.prod(space.shape)
        if _same_bounds(space):
            return ActionSpec("continuous", size, float(space.low.flat[0]), float(space.high.flat[0]))
        return ActionSpec("continuous", size, -1.0, 1.0)
    raise ValueError(f"{name} acts in {space}; supported are Discrete and a Box with finite bounds")


def _same_bounds(space: spaces.Box) -> bool:
    return bool((space.low == space.low.flat[0]).all() and (space.high == space.high.flat[0]).all())
