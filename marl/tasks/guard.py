"""Guards of environments of other libraries: what one does wrong is told with its name.

A guard stands round each copy, in the process that holds it, and one round all copies together.
"""

from __future__ import annotations

import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import gymnasium
from pettingzoo.utils.conversions import aec_to_parallel_wrapper
from pettingzoo.utils.wrappers import BaseParallelWrapper

from marl.core.errors import EnvironmentFailedError, Note, PictureError
from marl.tasks.flat_observation import Env

__all__ = ["Guard", "GuardedEnv", "GuardedParallelEnv", "Scenes", "Watch", "number_copies"]

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a call is told of."""
PAUSE = 5.0
"""Seconds between two looks at the calls."""


class Guard:
    """Call an environment, and name it where it fails.

    Args:
        name: of the environment.
        copy: number of the copy; None for all together.
    """

    def __init__(self, name: str, copy: int | None = None) -> None:
        self.name, self.copy = name, copy
        self.steps = 0
        """Steps of the episode, the one under way included; 0 at a reset."""
        self.since: float | None = None
        """Begin of the call under way, by the monotonic clock; None if there is none."""

    def __call__(self, call: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call, and return what it returns.

        Raises:
            EnvironmentFailedError: for an error, and for an exit, which would end this process as if all were done.
        """
        self.since = time.monotonic()
        try:
            return call(*arguments, **named)
        except EnvironmentFailedError:
            raise
        except (Exception, SystemExit) as error:
            raise EnvironmentFailedError(f"{self} failed: {_words_of(error)}") from error
        finally:
            self.since = None

    def __str__(self) -> str:
        if self.copy is None:
            return f"the environment {self.name}"
        moment = f"step {self.steps} of its episode" if self.steps else "its reset"
        return f"the environment {self.name}, copy {self.copy}, in {moment},"


class Scenes:
    """Scenes of one copy, the last of an episode included; none is drawn before the first is asked for.

    Args:
        guard: guard of the copy.
        draw: draws the present moment.
    """

    def __init__(self, guard: Guard, draw: Callable[[], Any]) -> None:
        self.guard, self.draw = guard, draw
        self._asked, self._last = False, None

    def __call__(self, at_end: bool) -> Any:
        """Scene, or the `PictureError` why there is none, which must not end the process of the copy."""
        self._asked = True
        return self._last if at_end else self._drawn()

    def end(self) -> None:
        """Keep the scene of this moment, in which an episode ends."""
        if self._asked:
            self._last = copy(self._drawn())  # it may be an array that the reset draws in

    def _drawn(self) -> Any:
        try:
            return self.guard(self.draw)
        except EnvironmentFailedError as error:
            return PictureError(str(error))


class GuardedEnv(gymnasium.Wrapper):
    """Copy of a Gymnasium environment with a guard.

    Args:
        env: the copy.
        guard: its guard.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], guard: Guard) -> None:
        super().__init__(env)
        self.guard, self.scenes = guard, Scenes(guard, env.render)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.guard.steps = 0
        return self.guard(self.env.reset, seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.guard.steps += 1
        told = self.guard(self.env.step, action)
        if told[2] or told[3]:
            self.scenes.end()
        return told


class GuardedParallelEnv(BaseParallelWrapper[str, Any, Any]):
    """Copy of a PettingZoo environment with a guard.

    Args:
        env: the copy.
        guard: its guard.
    """

    scenes: Scenes | None = None

    def __init__(self, env: Env, guard: Guard) -> None:
        super().__init__(env)
        self.guard = guard

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        self.guard.steps = 0
        return self.guard(self.env.reset, seed=seed, options=options)

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any, Any]:
        self.guard.steps += 1
        told = _, _, terminated, truncated, _ = self.guard(self.env.step, actions)
        if self.scenes is not None and all(terminated[agent] or truncated[agent] for agent in terminated):
            self.scenes.end()
        return told


def number_copies(envs: Sequence[Any], scene: Callable[[Env], Any] | None = None) -> list[GuardedParallelEnv]:
    """Find the guarded environment inside each of SuperSuit's copies of one, number its guard, and have it drawn."""
    copies = []
    for i, env in enumerate(envs):
        while not isinstance(env, GuardedParallelEnv):
            env = env.aec_env if isinstance(env, aec_to_parallel_wrapper) else env.env
        env.guard = Guard(env.guard.name, i)
        env.scenes = None if scene is None else Scenes(env.guard, partial(scene, env.env.env))
        copies.append(env)
    return copies


class Watch:
    """Thread that tells, once, of a call that does not come back; it ends with this object.

    Args:
        guards: guards of the calls.
    """

    def __init__(self, guards: Sequence[Guard]) -> None:
        self._over = threading.Event()
        # not a method, as the thread would hold this object, which nothing could end then
        threading.Thread(target=_watch, args=(guards, self._over), name="environments", daemon=True).start()

    def end(self) -> None:
        """End the thread."""
        self._over.set()

    def __del__(self) -> None:
        self.end()


def _watch(guards: Sequence[Guard], over: threading.Event) -> None:
    told: float | None = None
    while not over.wait(PAUSE):
        for guard in guards:
            since = guard.since
            if since is not None and since != told and time.monotonic() - since >= PATIENCE:
                told = since
                warnings.warn(f"{guard} has not come back for {PATIENCE:g} s; it may hang", Note, stacklevel=1)


def _words_of(error: BaseException) -> str:
    """Class, message and place of an error, in one line."""
    message = " ".join(str(error).split())
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}{message and ': '}{message} ({Path(place.filename).name}, line {place.lineno})"
